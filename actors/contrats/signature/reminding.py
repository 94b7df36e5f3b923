"""Slow work: the provider writes once more to those who have not signed yet."""

from uuid import UUID

from actors.contrats.rules.signatures import WAITED_FOR
from actors.contrats.signature.envelopes import provider, read_request
from messages.contrats.signatures import SignatureStatus
from runtime.unit_of_work import UnitOfWork, WorkItem
from runtime.work_queue import Outside


class RemindSigners(WorkItem):
    """The signers of a file are to be reminded."""

    signature_request_id: UUID


async def remind_signers(item: RemindSigners, outside: Outside) -> None:
    """Remind whoever the provider waits for now; later signers are asked when it is their turn."""
    found = await read_request(item.signature_request_id, outside)
    if found is None or found[0]["status"] != SignatureStatus.ONGOING:
        return
    state = await provider().read(found[0]["provider_request_id"])
    if state.status is not SignatureStatus.ONGOING:
        return
    for person in state.signers:
        if person.status in WAITED_FOR:
            await provider().remind(state.provider_request_id, person.provider_signer_id)


async def signers_reminded(item: RemindSigners, result: None, work: UnitOfWork) -> None:
    """Nothing changes here: the request waits as before."""

"""clients: the life of a record, walked at random through the real requests and compared with its table."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors.clients.rules.naming import RECORD
from messages.clients import (
    ArchiveClient,
    Client,
    CreateClient,
    GetClient,
    ListMergeOperations,
    MergeClients,
    RecordState,
    RestoreClient,
    UnmergeClient,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from tests.actors.clients.builders import person
from tests.harness import Running, Tenant

FACTS = {
    "archive": "client.archived",
    "restore": "client.restored",
    "merge": "client.merged",
    "unmerge": "client.unmerged",
}


class Record:
    """One client, the state that the table gives him, and the facts that must have been stated."""

    def __init__(self, tenant: Tenant, client: Client, survivor: Client) -> None:
        self.tenant = tenant
        self.client = client
        self.survivor = survivor
        self.state = RecordState.LIVE
        self.facts: list[str] = []

    async def fire(self, trigger: str) -> None:
        """Exactly what the table allows is done; everything else is refused."""
        allowed = RECORD.allows(trigger, self.state)
        try:
            await self._ask(trigger)
        except Refused as refusal:
            assert not allowed, f"{trigger} of a {self.state} client was refused: {refusal}"
            return
        assert allowed, f"{trigger} of a {self.state} client was done"
        self.state = RECORD.after(trigger, self.state)
        self.facts.append(FACTS[trigger])

    async def _ask(self, trigger: str) -> None:
        call = self.tenant.client.call
        match trigger:
            case "archive":
                await call(ArchiveClient(client_id=self.client.id, reason="test"))
            case "restore":
                await call(RestoreClient(client_id=self.client.id, reason="test"))
            case "merge":
                await call(MergeClients(survivor_id=self.survivor.id, merged_ids=(self.client.id,)))
            case _:
                made = (await call(ListMergeOperations(client_id=self.survivor.id))).items
                await call(UnmergeClient(merge_operation_id=made[0].id if made else new_id()))


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(triggers=st.lists(st.sampled_from(sorted(FACTS)), min_size=3, max_size=9))
async def test_a_record_lives_as_its_table_says(running: Running, tenant: Tenant, triggers: list[str]) -> None:
    call = tenant.client.call
    record = Record(tenant, await call(_somebody()), await call(_somebody()))
    for trigger in triggers:
        await record.fire(trigger)
    await running.settled()
    own = {str(record.client.id), str(record.survivor.id)}
    for type_ in FACTS.values():
        told = [headers for headers, _ in await running.events(type_, tenant.id) if headers["ce-subject"] in own]
        assert len(told) == record.facts.count(type_), type_
    shown = await call(GetClient(client_id=record.client.id))
    if record.state is RecordState.MERGED:
        assert (shown.id, shown.redirected_from) == (record.survivor.id, record.client.id)
    else:
        assert (shown.id, shown.record_state) == (record.client.id, record.state)


def _somebody() -> CreateClient:
    unique = new_id().hex[-10:]
    return person(family_name=f"Nom{unique.translate(_LETTERS)}", emails=(f"{unique}@example.fr",), phones=())


_LETTERS = str.maketrans("0123456789", "ghijklmnop")

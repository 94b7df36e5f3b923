"""Telling the client in time that he may refuse the renewal, and proving it (Code de la consommation, art. L215-1)."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from actors.contrats import views
from actors.contrats.contract_record import ContractRecord, find
from actors.contrats.letters import client_of, letter_to_client
from actors.contrats.renewal import cycles
from actors.contrats.rules.letters import renewal_notice
from actors.contrats.rules.renewal import RENEWAL, next_term_end
from messages.contrats.renewals import RENEWAL_NOTICE, ContractRenewalInfoMissed, ContractRenewalNoticeDue
from messages.contrats.signatures import DocumentPurpose
from messages.contrats.states import RenewalChannel, RenewalStatus
from messages.engagement.email import EmailBounced, EmailSent
from messages.logistics import LetterPosted
from messages.values.instants import local_date
from runtime.unit_of_work import Row, UnitOfWork
from storage.contrats.tables import renewal_cycle


async def order(record: ContractRecord, cycle: Row, *, by_letter: bool = False) -> None:
    """State that the client must be told now: by mail, or by letter when there is no address for mails."""
    client = await client_of(record)
    post = by_letter or client is None or client["email"] is None
    new_end, purpose = next_term_end(record.row), DocumentPurpose.RENEWAL_NOTICE
    words = renewal_notice(record.row, cycle, new_end)
    letter = await letter_to_client(record, cycle["id"], purpose, words) if post else None
    record.state(
        ContractRenewalNoticeDue,
        refusal_deadline=cycle["refusal_deadline"],
        term_ends_on=cycle["term_ends_on"],
        new_term_ends_on=new_end,
        new_price=views.money(record["recurring_gross"], record["currency"]),
        letter=letter,
        boxed_text_data={
            "contract_reference": record["reference"],
            "refusal_deadline": cycle["refusal_deadline"].isoformat(),
            "term_ends_on": cycle["term_ends_on"].isoformat(),
        },
    )
    channel = RenewalChannel.LETTER if post else RenewalChannel.EMAIL
    await cycles.change(record, cycle["id"], info_ordered_at=record.work.now, info_channel=channel)


async def miss(record: ContractRecord, cycle: Row) -> None:
    """The window closed without proof."""
    await cycles.move(record, cycle, "miss")
    facts = {"client_id": record["client_id"], "term_ends_on": cycle["term_ends_on"]}
    record.state(ContractRenewalInfoMissed, **facts)


async def prove_by_mail(event: EmailSent, work: UnitOfWork) -> None:
    """The mail relay took the notice: the client was told."""
    if event.purpose != RENEWAL_NOTICE or event.reference is None or event.reference.type != "contract":
        return
    await _prove(event.reference.id, event.email_id, RenewalChannel.EMAIL, event.sent_at, work)


async def prove_by_letter(event: LetterPosted, work: UnitOfWork) -> None:
    """The post took the notice: the client was told."""
    cycle = await _ordered_by(event.request_id, work)
    if cycle is not None:
        await _prove(cycle["contract_id"], event.letter_id, RenewalChannel.LETTER, event.posted_at, work)


async def fall_back_to_letter(event: EmailBounced, work: UnitOfWork) -> None:
    """The mail did not arrive: the proof is void, and a letter goes out."""
    if event.purpose != RENEWAL_NOTICE or event.reference is None or event.reference.type != "contract":
        return
    record = await find(event.reference.id, work)
    cycle = await cycles.cycle_of(record) if record is not None else None
    if record is None or cycle is None or cycle["info_channel"] != RenewalChannel.EMAIL:
        return
    if not RENEWAL.allows("void_proof", RenewalStatus(cycle["status"])):
        return
    await cycles.move(record, cycle, "void_proof", info_sent_on=None, info_proof_id=None)
    await order(record, cycle, by_letter=True)
    await record.save()


async def _prove(contract_id: UUID, proof_id: UUID, channel: RenewalChannel, sent_at: Any, work: UnitOfWork) -> None:
    record = await find(contract_id, work)
    cycle = await cycles.cycle_of(record) if record is not None else None
    if record is None or cycle is None or not RENEWAL.allows("inform", RenewalStatus(cycle["status"])):
        return
    sent_on = local_date(sent_at, record.zone)
    if cycle["info_window_from"] is None or not cycle["info_window_from"] <= sent_on <= cycle["info_window_to"]:
        return  # told too early or too late is not told
    await cycles.move(record, cycle, "inform", info_sent_on=sent_on, info_channel=channel, info_proof_id=proof_id)


async def _ordered_by(request_id: UUID | None, work: UnitOfWork) -> Row | None:
    """The cycle whose id the order of the letter carried."""
    return await work.fetch_one(
        select(renewal_cycle).where(
            renewal_cycle.c.organisation_id == work.organisation_id, renewal_cycle.c.id == request_id
        )
    )

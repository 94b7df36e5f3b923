"""The request whether a client may be contacted."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from actors.clients.changes import ids_of
from actors.clients.consents import consents_of
from actors.clients.contracts import had_contract_since, has_contract_in_force
from actors.clients.rules.contact_permission import ContactFacts, permission_of
from actors.clients.settings import settings_of
from messages.clients import (
    CLIENT_NOT_FOUND,
    BounceKind,
    CheckContactPermission,
    ClientType,
    ConsentPurpose,
    ContactChannel,
    ContactKind,
    ContactPermission,
    RecordState,
    ValidationStatus,
)
from messages.values.instants import local_date
from runtime.unit_of_work import Row, UnitOfWork
from storage.clients import queries
from storage.clients.queries import one_of
from storage.clients.tables import call_ref, holiday_ref

_PURPOSES: Final = {
    ContactChannel.EMAIL: ConsentPurpose.MARKETING_EMAIL,
    ContactChannel.SMS: ConsentPurpose.MARKETING_SMS,
    ContactChannel.PHONE: ConsentPurpose.MARKETING_PHONE,
    ContactChannel.POST: ConsentPurpose.MARKETING_POST,
}
_CALLS_COUNT_FOR: Final = timedelta(days=30)
_REFUSAL_COUNTS_FOR: Final = timedelta(days=60)
_SOFT_OPT_IN_MONTHS: Final = 36


async def check_contact_permission(request: CheckContactPermission, work: UnitOfWork) -> ContactPermission:
    """The rules of law, applied to what is known of the client."""
    row = await work.load(queries.CLIENT_BY_ID, "client", code=CLIENT_NOT_FOUND, id=request.client_id)
    at = request.as_of or work.now
    ids = await ids_of(row["id"], work)
    calls = await _calls(ids, at, work)
    settings = await settings_of(work)
    decisions = {found.purpose: found.decision for found in await consents_of(ids, work, as_of=at)}
    facts = ContactFacts(
        channel=request.channel,
        purpose=request.purpose,
        at=at,
        person=row["type"] == ClientType.INDIVIDUAL,
        erased=row["record_state"] in (RecordState.MERGED, RecordState.ANONYMISED),
        deceased=row["deceased_on"] is not None,
        do_not_contact=row["do_not_contact"],
        protected=row["legal_protection"] is not None,
        broken=_is_broken(row, request),
        decision=decisions.get(_PURPOSES[request.channel]),
        customer=await had_contract_since(ids, local_date(at), _SOFT_OPT_IN_MONTHS, work),
        contract_in_force=await has_contract_in_force(ids, work),
        related_to_contract=request.related_to_contract,
        sectors=frozenset(row["tags"]),
        calls=[call["occurred_at"] for call in calls if call["occurred_at"] > at - _CALLS_COUNT_FOR],
        refused_at=max((call["occurred_at"] for call in calls if call["refused"]), default=None),
        closed_days=await _closed_days(at, work),
        consent_to_calls_from=settings.phone_optin_from,
        sector_ban_from=settings.sector_ban_from,
    )
    return permission_of(facts)


def _is_broken(row: Row, request: CheckContactPermission) -> bool:
    """Whether the address that would be used is known not to work."""
    if request.channel is ContactChannel.POST:
        found = row["addresses"] or []
        return bool(found) and all(one["validation_status"] == ValidationStatus.UNDELIVERABLE for one in found)
    kind = ContactKind.EMAIL if request.channel is ContactChannel.EMAIL else ContactKind.PHONE
    points = [point for point in row["contact_points"] or () if point["kind"] == kind]
    address = request.email or request.phone
    used = [point for point in points if (point["value"] == address if address else point["is_primary"])]
    return any(point["bounce_kind"] == BounceKind.HARD for point in used)


async def _calls(client_ids: list[UUID], at: datetime, work: UnitOfWork) -> list[Row]:
    call = call_ref.c
    return await work.fetch(
        select(call.occurred_at, call.refused)
        .where(
            call.organisation_id == work.organisation_id,
            one_of(call.client_id, client_ids),
            call.occurred_at > at - _REFUSAL_COUNTS_FOR,
            call.occurred_at <= at,
        )
        .order_by(call.occurred_at)
    )


async def _closed_days(at: datetime, work: UnitOfWork) -> frozenset[Any]:
    day = holiday_ref.c
    rows = await work.fetch(
        select(day.on_date).where(
            day.organisation_id == work.organisation_id, day.zone_code == "FR", day.on_date >= local_date(at)
        )
    )
    return frozenset(row["on_date"] for row in rows)

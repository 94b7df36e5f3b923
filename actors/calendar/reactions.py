"""What calendar hears from the other actors."""

from typing import Any
from uuid import UUID

from sqlalchemy import delete, select

from actors.calendar import book, merging
from actors.calendar.rows import new_row
from actors.calendar.rules.configuration import SEEDED_LOTS, STANDARD_PRENOTIFICATION_DAYS
from actors.calendar.rules.deadlines import DEFAULT_CUTOFFS
from messages.calendar.terms import (
    ConfigurationLevel,
    DebitDateMode,
    LatePolicy,
    Rail,
    ShiftStrategy,
)
from messages.clients import ClientCreated, ClientDeleted, ClientMerged, ClientUnmerged, ClientUpdated
from messages.contrats import (
    ContractActivated,
    ContractCancelled,
    ContractExpired,
    ContractRenewed,
    ContractResumed,
    ContractStatus,
    ContractSuspended,
    ContractTerminated,
    ContractWithdrawn,
)
from messages.contrats.amendments import ContractAmended, ContractLineChanged
from messages.identity import CompanyCreated, CompanyUpdated, OrganisationCreated
from messages.payments import (
    InstalmentBlocked,
    InstalmentCancelled,
    InstalmentPlanned,
    InstalmentRescheduled,
    InstalmentUnblocked,
    PaymentBatched,
    PaymentCancelled,
    PaymentReceived,
    PaymentRejected,
    PaymentReturned,
    PaymentSubmitted,
    ScheduleCancelled,
)
from messages.values.business_days import FRANCE, TARGET
from messages.values.identifiers import derived_id
from runtime.unit_of_work import UnitOfWork
from storage.calendar.tables import (
    client_copy,
    company_copy,
    contract_copy,
    cutoff_policy,
    debit_configuration,
    debit_lot,
    holiday_zone,
)
from storage.projections import keep_newest

_CUTOFF_NAMES = {Rail.SEPA_CORE: "SEPA CORE", Rail.SEPA_B2B: "SEPA B2B", Rail.CARD: "Carte"}


async def seed_organisation(event: OrganisationCreated, work: UnitOfWork) -> None:
    """A new tenant starts with the zones TARGET and FR, the lots L1 to L4, a cut-off per rail and a SYSTEM configuration."""
    known = select(debit_configuration.c.id).where(debit_configuration.c.organisation_id == work.organisation_id)
    if await work.fetch_one(known.limit(1)) is not None:
        return
    france = await _seed_zones(work)
    for order, lot in enumerate(SEEDED_LOTS):
        await work.insert(
            debit_lot,
            **new_row(_seed_id(work, "lot", lot.code), work),
            company_id=None,
            code=lot.code,
            name=f"Lot {order + 1} ({lot.start_day}-{lot.end_day})",
            start_day=lot.start_day,
            end_day=lot.end_day,
            display_order=order,
            is_active=True,
        )
    await _seed_cutoffs(event.timezone, work)
    await work.insert(
        debit_configuration,
        **new_row(_seed_id(work, "configuration"), work),
        level=ConfigurationLevel.SYSTEM,
        scope_id=None,
        mode=DebitDateMode.BATCH,
        lot_code=SEEDED_LOTS[0].code,
        fixed_day=None,
        shift_strategy=ShiftStrategy.NEXT_BUSINESS_DAY,
        window_guard=None,
        late_policy=LatePolicy.NEXT_FEASIBLE,
        holiday_zone_id=france,
        cutoff_policy_id=None,
        prenotification_days=STANDARD_PRENOTIFICATION_DAYS,
        is_active=True,
    )


async def keep_company(event: CompanyCreated | CompanyUpdated, work: UnitOfWork) -> None:
    """The companies that collect, and the time zone of their dates."""
    await work.execute(
        keep_newest(
            company_copy,
            organisation_id=work.organisation_id,
            company_id=event.company_id,
            name=event.trade_name or event.legal_name,
            timezone=event.timezone,
            version=work.source_version,
        )
    )


async def keep_client(event: ClientCreated | ClientUpdated, work: UnitOfWork) -> None:
    """The names that the calendar view shows."""
    await work.execute(
        keep_newest(
            client_copy,
            organisation_id=work.organisation_id,
            client_id=event.client_id,
            client_code=event.client_code,
            display_name=event.display_name,
            holiday_zone=event.holiday_zone,
            version=work.source_version,
        )
    )


async def forget_client(event: ClientDeleted, work: UnitOfWork) -> None:
    """A client that was never referenced is gone."""
    await work.execute(
        delete(client_copy).where(
            client_copy.c.organisation_id == work.organisation_id, client_copy.c.client_id == event.client_id
        )
    )


async def follow_merge(event: ClientMerged, work: UnitOfWork) -> None:
    """The survivor takes over contracts, open debits, overrides and, if it has none, the debit preference."""
    for merged_id in event.merged_ids:
        await merging.take_over(merged_id, event.survivor_id, event.merge_operation_id, work)


async def undo_merge(event: ClientUnmerged, work: UnitOfWork) -> None:
    """What the survivor took over goes back to the restored client."""
    await merging.give_back(event.restored_id, event.survivor_id, event.merge_operation_id, work)


async def keep_contract(
    event: ContractActivated
    | ContractAmended
    | ContractLineChanged
    | ContractSuspended
    | ContractResumed
    | ContractRenewed
    | ContractTerminated
    | ContractExpired
    | ContractWithdrawn
    | ContractCancelled,
    work: UnitOfWork,
) -> None:
    """Whose contract it is, so that a date can be asked for by it alone; and what it will bring, for the forecast."""
    policy: dict[str, Any] = {}
    if isinstance(event, ContractSuspended):
        policy["billing_policy"] = event.billing_policy
    elif event.status is not ContractStatus.SUSPENDED:  # a suspended contract may be amended and stays suspended
        policy["billing_policy"] = None
    await work.execute(
        keep_newest(
            contract_copy,
            organisation_id=work.organisation_id,
            contract_id=event.contract_id,
            client_id=event.client_id,
            company_id=event.company_id,
            reference=event.reference,
            status=event.status,
            billing_frequency=event.billing_frequency,
            recurring_gross=event.recurring_gross.amount,
            payment_method=event.payment_method,
            starts_on=event.starts_on,
            ends_on=event.ends_on,
            version=work.source_version,
            **policy,
        )
    )


async def plan_instalment(event: InstalmentPlanned | InstalmentRescheduled, work: UnitOfWork) -> None:
    """A debit is announced, or its date moved."""
    await book.plan_entry(event, work)


async def block_instalment(event: InstalmentBlocked, work: UnitOfWork) -> None:
    """A blocked debit is not counted at the cut-off."""
    await book.block_entry(event, event.block_reason.value, work)


async def unblock_instalment(event: InstalmentUnblocked, work: UnitOfWork) -> None:
    """The debit counts again."""
    await book.block_entry(event, None, work)


async def cancel_instalment(event: InstalmentCancelled, work: UnitOfWork) -> None:
    """The debit will not be; one that is in a bank file waits for its payment's fate."""
    await book.give_up_entry(event, work)


async def cancel_schedule(event: ScheduleCancelled, work: UnitOfWork) -> None:
    """All planned debits of the schedule are given up."""
    await book.give_up_schedule(event.schedule_id, work)


async def mirror_payment(
    event: PaymentBatched | PaymentSubmitted | PaymentReceived | PaymentRejected | PaymentReturned | PaymentCancelled,
    work: UnitOfWork,
) -> None:
    """What became of a debit."""
    await book.mirror(event, work)


def _seed_id(work: UnitOfWork, *parts: str) -> UUID:
    return derived_id("calendar", work.organisation_id, *parts)


async def _seed_zones(work: UnitOfWork) -> UUID:
    """TARGET and France; answers the zone of France."""
    for code, name, country in ((TARGET, "Jours TARGET", "EU"), (FRANCE, "France", "FR")):
        await work.insert(
            holiday_zone,
            **new_row(_seed_id(work, "zone", code), work),
            code=code,
            name=name,
            country_code=country,
            region_code=None,
            is_system=True,
            is_active=True,
        )
    return _seed_id(work, "zone", FRANCE)


async def _seed_cutoffs(timezone: str, work: UnitOfWork) -> None:
    for rail, cutoff in DEFAULT_CUTOFFS.items():
        await work.insert(
            cutoff_policy,
            **new_row(_seed_id(work, "cutoff", rail), work),
            name=_CUTOFF_NAMES[rail],
            rail=rail,
            cutoff_time=cutoff.at,
            timezone=timezone,
            days_before_value_date=cutoff.days_before,
            freeze_margin_minutes=int(cutoff.margin.total_seconds() // 60),
            is_active=True,
        )

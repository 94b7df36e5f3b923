"""A link whose holder has a mandate: one click orders the debit. It is never paid at once: the bank says so days later."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from actors.payments import views
from actors.payments.company import Company
from actors.payments.due_rows import COLUMNS, SOURCE, emission_facts
from actors.payments.portal.dues import NOTHING, Due
from actors.payments.psp.charging import order_charge
from actors.payments.psp.debiting import BY_BANK, ProviderDebit, debit_under
from actors.payments.rules import dates
from actors.payments.rules.guards import blocking_reason
from actors.payments.rules.machines import INSTALMENT, LIVE
from actors.payments.rules.references import emission_key
from actors.payments.sets import history
from messages.payments import (
    BlockReason,
    InstalmentStatus,
    InstalmentUnblocked,
    PaymentCreated,
    PaymentStatus,
    PaymentType,
    Provider,
)
from messages.payments.portal import PortalDebit
from runtime.unit_of_work import UnitOfWork
from storage.payments.tables.dues import instalment
from storage.payments.tables.means import bank_details, mandate
from storage.payments.tables.others import payment_number_block
from storage.payments.tables.payments import payment, payment_event

_TOLD_BY_THE_PAGE = frozenset({BlockReason.PRENOTIFICATION_MISSING})
"""The page tells amount and day, and its reader orders the debit: no other notice is due."""


@dataclass(frozen=True, slots=True)
class PossibleDebit:
    """A debit that the holder of a link may order now, for one instalment."""

    row: dict[str, Any]
    amount: Decimal
    collected_on: date
    provider: ProviderDebit | None

    @property
    def terms(self) -> PortalDebit:
        """What its payer must know before he orders it."""
        held = self.row | (self.provider.mandate_columns() if self.provider is not None else {})
        return PortalDebit(
            collected_on=self.collected_on,
            rum=self.row["rum"],
            creditor_identifier=held["creditor_identifier"],
            iban_masked=self.row["iban_masked"],
        )


async def possible_debit(work: UnitOfWork, company: Company, due: Due, *, lock: bool = False) -> PossibleDebit | None:
    """The debit of a link for one instalment that every guard of the emission lets through; else None.

    A link for several things, or for one that is under way, offers none.
    """
    only = due.items[0] if len(due.items) == 1 else None
    if only is None or only.instalment_id is None or due.amount <= 0:
        return None
    statement = (
        select(*COLUMNS, mandate.c.rum, bank_details.c.iban_masked)
        .select_from(SOURCE)
        .where(instalment.c.organisation_id == work.organisation_id, instalment.c.id == only.instalment_id)
    )
    found = await work.fetch_one(statement.with_for_update(of=instalment) if lock else statement)
    if found is None or not INSTALMENT.allows("present", InstalmentStatus(found["status"])):
        return None
    row = dict(found)
    provider = await debit_under(work, row["mandate_id"])
    local = work.now.astimezone(company.zone)
    day = _collection_date(company, provider, local.date(), f"{local:%H:%M}")
    live, of_client = await _live(work, row, local.date())
    facts = emission_facts(row, company, due.amount, day, of_client, provider)
    facts = replace(facts, waived=facts.waived | _TOLD_BY_THE_PAGE)
    if live or blocking_reason(facts, company.settings) is not None:
        return None
    return PossibleDebit(row, due.amount, day, provider)


def _collection_date(company: Company, provider: ProviderDebit | None, today: date, local: str) -> date:
    """The first day on which bank or provider can still debit."""
    if provider is None:
        passed = local >= company.profile.cutoff_local
        return dates.collection_date(today, today, company.profile.lead_target_days, cutoff_passed=passed)
    day = dates.collection_date(today, today, provider.lead)
    earliest: date | None = provider.mandate["next_possible_charge_date"]
    return max(day, dates.target_day(earliest)) if earliest is not None else day


async def _live(work: UnitOfWork, row: dict[str, Any], today: date) -> tuple[int, int]:
    """Payments under way: of the instalment, and of its client since this morning."""
    found = await work.fetch_one(
        select(
            func.count().filter(payment.c.instalment_id == row["id"]).label("own"),
            func.count().filter(payment.c.business_date == today).label("today"),
        ).where(
            payment.c.organisation_id == work.organisation_id,
            payment.c.client_id == row["client_id"],
            payment.c.status.in_(LIVE),
        )
    )
    return (found["own"], found["today"]) if found is not None else (0, 0)


async def order_debit(work: UnitOfWork, company: Company, debit: PossibleDebit, payment_id: UUID) -> dict[str, Any]:
    """The payment and its instalment on its way; payment.created. The next file, or its provider, takes it along."""
    attempt = 1 + await work.fetch_value(
        select(func.coalesce(func.max(payment.c.attempt_no), 0)).where(
            payment.c.organisation_id == work.organisation_id, payment.c.instalment_id == debit.row["id"]
        )
    )
    row = await _payment_row(work, company, debit, payment_id, attempt)
    await work.insert(payment, **row)
    await work.insert_rows(payment_event, [history(work, payment_id, "payment.created")])
    after = debit.row | {
        "status": INSTALMENT.after("present", InstalmentStatus(debit.row["status"])),
        "block_reason": None,
        "attempt": attempt,
        "version": debit.row["version"] + 1,
    }
    await work.execute(
        update(instalment)
        .where(instalment.c.organisation_id == work.organisation_id, instalment.c.id == after["id"])
        .values(
            **{name: after[name] for name in ("status", "block_reason", "attempt", "version")},
            first_blocked_at=None,
            collection_date=debit.collected_on,
            current_payment_id=payment_id,
            updated_at=work.now,
            updated_by=work.caller.principal,
        )
    )
    if debit.row["status"] == InstalmentStatus.BLOCKED:
        work.emit(InstalmentUnblocked(**views.instalment_snapshot(after)), version=after["version"])
    work.emit(PaymentCreated(**views.payment_ref(row)), version=1)
    if row["psp_account_id"] is not None:
        order_charge(work, row)
    return row


async def _payment_row(
    work: UnitOfWork, company: Company, debit: PossibleDebit, payment_id: UUID, attempt: int
) -> dict[str, Any]:
    due, today = debit.row, work.today(company.zone)
    number = await work.next_number(payment_number_block)
    same = ("company_id", "client_id", "contract_id", "invoice_id", "schedule_id", "mandate_id", "currency")
    return {name: due[name] for name in same} | {
        "id": payment_id,
        "organisation_id": work.organisation_id,
        "version": 1,
        "created_at": work.now,
        "created_by": work.caller.principal,
        "updated_at": work.now,
        "updated_by": work.caller.principal,
        "reference": f"PAY-{company.code}-{today:%Y}-{number:06}",
        "instalment_id": due["id"],
        "creditor_account_id": company.account["id"] if company.account else None,
        "original_payment_id": None,
        "type": PaymentType.EMISSION,
        "method": due["rail"],
        "provider": Provider.BANK_SEPA,
        "attempt_no": attempt,
        "amount": debit.amount,
        **dict.fromkeys(("refunded_amount", "charged_back_amount", "allocated_amount", "instalment_amount"), NOTHING),
        "status": PaymentStatus.PENDING,
        "business_date": today,
        "requested_collection_date": debit.collected_on,
        "idempotency_key": emission_key(work.organisation_id, due["id"], attempt),
        "end_to_end_id": payment_id.hex.upper(),
        "submissions": 0,
        **(debit.provider.payment_columns() if debit.provider is not None else BY_BANK),
    }

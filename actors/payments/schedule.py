"""What payments does on time. Every job selects what is due at its instant, so a missed tick is made good by the next."""

from datetime import timedelta

from sqlalchemy import Date, cast, func, select, update

from actors.payments import batches, importing, mandates, planning, release, runs, views
from actors.payments.company import Company, companies
from actors.payments.rules import dates
from actors.payments.rules.machines import MANDATE
from actors.payments.sets import state_many
from messages.base import Event
from messages.payments import (
    InstalmentStatus,
    MandateExpired,
    MandateStatus,
    MandateUnblocked,
    PaymentPrenotificationDue,
    PlannedBy,
    PrenotificationMode,
    ScheduleStatus,
)
from messages.values.due_dates import add_months
from runtime.actor import MORE, Moment
from runtime.unit_of_work import Row, UnitOfWork
from storage.payments.tables.dues import instalment, schedule
from storage.payments.tables.means import bank_details, mandate
from storage.payments.tables.views import invoice_view

_PAGE = 200


async def emit_collections(moment: Moment, work: UnitOfWork) -> object:
    """Once per company and date, from its emission hour on: present what is due, then fill the bank files."""
    for company in await companies(work):
        local = moment.as_of.astimezone(company.zone)
        if local.hour < company.settings.emission_hour:
            continue
        run = await runs.daily_run(work, company, local.date())
        if run is not None:
            await runs.go_on(work, company, run, local)
            return MORE
    if await batches.collect_page(work):
        return MORE
    await batches.close_drafts(work)
    return None


async def release_batches(moment: Moment, work: UnitOfWork) -> None:
    """Files whose control totals did not come in time leave shortly before the bank's cut-off."""
    await release.release_without_totals(work)


async def fetch_bank_files(moment: Moment, work: UnitOfWork) -> None:
    """What the bank left in the exchange folder is taken by the workers."""
    names = tuple(importing.names_waiting(work.organisation_id))[:20]
    if names:
        work.order(importing.FetchBankFiles(names=names), key=f"{moment.tick}|{moment.as_of.isoformat()}")


async def announce_debits(moment: Moment, work: UnitOfWork) -> object:
    """14 days before a debit (or as the company set it) the debtor must be told; payment.prenotification_due."""
    for company in await companies(work):
        if company.settings.prenotification_mode is PrenotificationMode.OFF:
            continue
        if await _announce_page(moment, work, company):
            return MORE
    return None


async def _announce_page(moment: Moment, work: UnitOfWork, company: Company) -> bool:
    today = moment.as_of.astimezone(company.zone).date()
    until = today + timedelta(days=company.settings.prenotification_days)
    rows = await work.fetch(
        select(
            instalment,
            mandate.c.rum,
            mandate.c.creditor_identifier,
            bank_details.c.iban_masked,
            invoice_view.c.number.label("invoice_number"),
        )
        .select_from(_ANNOUNCED)
        .where(
            instalment.c.organisation_id == work.organisation_id,
            instalment.c.company_id == company.id,
            instalment.c.status.in_((InstalmentStatus.PLANNED, InstalmentStatus.BLOCKED)),
            instalment.c.planned_debit_date.between(today, until),
            instalment.c.prenotified_amount.is_distinct_from(instalment.c.amount)
            | instalment.c.prenotified_date.is_distinct_from(instalment.c.planned_debit_date),
            mandate.c.status == MandateStatus.ACTIVE,
        )
        .order_by(instalment.c.planned_debit_date, instalment.c.id)
        .limit(_PAGE)
        .with_for_update(of=instalment)
    )
    facts: list[tuple[Event, int]] = [(_announcement(row, company), row["version"]) for row in rows]
    ids = [row["id"] for row in rows]
    await work.execute(
        update(instalment)
        .where(instalment.c.organisation_id == work.organisation_id, instalment.c.id.in_(ids))
        .values(
            prenotified_on=today,
            prenotified_amount=instalment.c.amount,
            prenotified_date=instalment.c.planned_debit_date,
        )
    )
    state_many(work, facts, summary="prenotification")
    return len(rows) == _PAGE


def _announcement(row: Row, company: Company) -> PaymentPrenotificationDue:
    return PaymentPrenotificationDue(
        instalment_id=row["id"],
        client_id=row["client_id"],
        contract_id=row["contract_id"],
        invoice_id=row["invoice_id"],
        invoice_number=row["invoice_number"],
        amount=views.money(row["amount"] - row["paid_amount"], row["currency"]),
        collection_date=dates.target_day(row["planned_debit_date"]),
        rum=row["rum"],
        creditor_identifier=row["creditor_identifier"],
        creditor_name=company.name,
        iban_masked=row["iban_masked"],
    )


_ANNOUNCED = (
    instalment.join(schedule, schedule.c.id == instalment.c.schedule_id)
    .join(mandate, mandate.c.id == schedule.c.mandate_id)
    .join(bank_details, bank_details.c.id == mandate.c.bank_details_id)
    .outerjoin(
        invoice_view,
        (invoice_view.c.organisation_id == instalment.c.organisation_id)
        & (invoice_view.c.invoice_id == instalment.c.invoice_id),
    )
)


async def plan_ahead(moment: Moment, work: UnitOfWork) -> None:
    """Schedules under the horizon get their next instalments, and dates guessed without calendar are asked for again."""
    today = work.today()
    for company in await companies(work):
        until = work.today(company.zone) + timedelta(days=company.settings.schedule_horizon_days)
        rows = await work.fetch(
            select(schedule.c.id)
            .where(
                schedule.c.organisation_id == work.organisation_id,
                schedule.c.company_id == company.id,
                schedule.c.status == ScheduleStatus.ACTIVE,
                schedule.c.planned_until.is_(None) | (schedule.c.planned_until < until),
            )
            .order_by(schedule.c.id)
        )
        await planning.order_plans(work, [row["id"] for row in rows], key=f"ahead {today}")
    guessed = await work.fetch(
        select(instalment.c.id)
        .where(
            instalment.c.organisation_id == work.organisation_id,
            instalment.c.status == InstalmentStatus.PLANNED,
            instalment.c.planned_by == PlannedBy.FALLBACK,
            instalment.c.planned_debit_date > today,
            instalment.c.period_index >= 0,
        )
        .order_by(instalment.c.id)
    )
    await planning.order_new_dates(work, [row["id"] for row in guessed], key=f"again {today}")


async def age_mandates(moment: Moment, work: UnitOfWork) -> object:
    """Unsigned and dormant mandates expire; a block whose date has passed is lifted."""
    changed = 0
    for company in await companies(work):
        changed += await _age_page(moment, work, company)
    return MORE if changed else None


async def _age_page(moment: Moment, work: UnitOfWork, company: Company) -> int:
    today = moment.as_of.astimezone(company.zone).date()
    unsigned = moment.as_of - timedelta(days=company.settings.unsigned_mandate_expiry_days)
    unused = add_months(today, -company.settings.mandate_dormancy_months)
    used = func.coalesce(mandate.c.last_presented_on, cast(mandate.c.signed_at, Date))
    waiting = (mandate.c.status == MandateStatus.PENDING_CUSTOMER_APPROVAL) & (mandate.c.created_at < unsigned)
    old = mandate.c.status.in_((MandateStatus.ACTIVE, MandateStatus.BLOCKED)) & (used < unused)
    over = (mandate.c.status == MandateStatus.BLOCKED) & (mandate.c.blocked_until < today)
    rows = await work.fetch(
        select(mandate)
        .where(
            mandate.c.organisation_id == work.organisation_id,
            mandate.c.company_id == company.id,
            waiting | old | over,
        )
        .order_by(mandate.c.id)
        .limit(_PAGE)
        .with_for_update()
    )
    changed = 0
    for row in rows:
        signed = row["signed_at"].date() if row["signed_at"] else None
        months = company.settings.mandate_dormancy_months
        if signed is None or dates.mandate_is_dormant(today, row["last_presented_on"], signed, months):
            await _change(work, row, "expire", MandateExpired)
        elif row["blocked_until"] is not None and row["blocked_until"] < today:
            await _change(work, row, "unblock", MandateUnblocked)
        else:
            continue
        changed += 1
    return changed


async def _change(
    work: UnitOfWork, row: Row, trigger: str, fact: type[MandateExpired] | type[MandateUnblocked]
) -> None:
    after = {
        **row,
        "status": MANDATE.after(trigger, MandateStatus(row["status"])),
        "block_reason": None,
        "blocked_until": None,
        "version": row["version"] + 1,
    }
    await mandates.store_mandate(work, after, "status", "block_reason", "blocked_until")
    work.emit(fact(**views.mandate_snapshot(after)), version=after["version"])

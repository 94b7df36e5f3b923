"""Nightly controls: what must always hold is checked against the rows, and what waits too long is told."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from actors.payments.alerts import raise_alert
from actors.payments.rules.dates import add_target_days
from actors.payments.rules.failures import is_spike
from messages.payments import AlertSeverity
from messages.shared import Ref
from runtime.actor import Moment
from runtime.unit_of_work import UnitOfWork
from storage.shared.statements import Bound

_MOST_NAMED = 20
_BLOCKED_DAYS, _ANSWER_TARGET_DAYS, _UNMATCHED_HOURS = 7, 5, 48


@dataclass(frozen=True, slots=True)
class Control:
    """A query that finds nothing while all is well; it answers (id, text) of what is wrong."""

    code: str
    severity: AlertSeverity
    title: str
    ref: str
    cure: str
    sql: str


_CONTROLS = (
    Control(
        "LEDGER_IMBALANCE", AlertSeverity.CRITICAL, "Écritures déséquilibrées", "ledger",
        "debits and credits of these companies differ; stop closing and look at the newest entries",
        "select e.company_id as id, (sum(l.debit) - sum(l.credit))::text as text from journal_entry e"
        " join journal_line l on l.organisation_id = e.organisation_id and l.entry_id = e.id"
        " where e.organisation_id = $1 group by e.company_id having sum(l.debit) <> sum(l.credit)",
    ),
    Control(
        "AMOUNT_MISMATCH", AlertSeverity.CRITICAL, "Montants incohérents", "payment",
        "what these payments settle is not what their allocations say",
        "select p.id, p.reference as text from payment p where p.organisation_id = $1 and p.allocated_amount <>"
        " (select coalesce(sum(a.amount), 0) from allocation a where a.organisation_id = $1 and a.payment_id = p.id)"
        " and p.updated_at > $2::timestamptz - interval '40 days' limit 20",
    ),
    Control(
        "AMOUNT_MISMATCH", AlertSeverity.CRITICAL, "Factures incohérentes", "invoice",
        "what is settled of these invoices is not what their allocations say",
        "select v.invoice_id as id, v.number as text from invoice_view v where v.organisation_id = $1 and v.allocated <>"
        " (select coalesce(sum(a.amount), 0) from allocation a where a.organisation_id = $1"
        " and a.invoice_id = v.invoice_id) and v.issue_date > $3::date - 400 limit 20",
    ),
    Control(
        "PAYMENT_NOT_SUBMITTED", AlertSeverity.WARNING, "Échéances bloquées", "instalment",
        f"these instalments are blocked for more than {_BLOCKED_DAYS} days; remove the reason or cancel them",
        "select id, block_reason as text from instalment where organisation_id = $1 and status = 'BLOCKED'"
        f" and first_blocked_at < $2::timestamptz - interval '{_BLOCKED_DAYS} days' order by first_blocked_at limit 20",
    ),
    Control(
        "PENDING_TOO_LONG", AlertSeverity.WARNING, "Prélèvements sans réponse", "payment",
        f"the bank said nothing of these debits for {_ANSWER_TARGET_DAYS} TARGET days; import its statements",
        "select id, reference as text from payment where organisation_id = $1 and status = 'SUBMITTED'"
        " and requested_collection_date < $4 order by requested_collection_date limit 20",
    ),
    Control(
        "BANK_TX_UNMATCHED", AlertSeverity.WARNING, "Lignes bancaires non rapprochées", "bank_transaction",
        f"these lines are unmatched for more than {_UNMATCHED_HOURS} hours; match them by hand",
        "select id, amount::text as text from bank_transaction where organisation_id = $1 and match_status = 'UNMATCHED'"
        f" and booking_date < $3::date - {_UNMATCHED_HOURS // 24} order by booking_date limit 20",
    ),
)  # fmt: skip

_OUTCOMES = """
select p.company_id, count(*) as outcomes, count(*) filter (where exists (select from r_transaction r
    where r.organisation_id = $1 and r.payment_id = p.id)) as failures
from payment p where p.organisation_id = $1 and p.type in ('EMISSION', 'REEMISSION')
    and p.requested_collection_date > $2 and p.requested_collection_date <= $3
    and p.status in ('PAID', 'REJECTED', 'RETURNED', 'PARTIALLY_REFUNDED', 'REFUNDED')
group by p.company_id
"""


async def check(moment: Moment, work: UnitOfWork) -> None:
    """Run every control; each tells once a day."""
    latest = add_target_days(work.today(), -_ANSWER_TARGET_DAYS)
    values = (work.organisation_id, work.now, work.today(), latest)
    for control in _CONTROLS:
        used = tuple(value for index, value in enumerate(values, 1) if f"${index}" in control.sql)
        rows = await work.fetch(Bound(_renumbered(control.sql), used))
        if rows:
            await _tell(work, control, [(row["id"], row["text"]) for row in rows])
    await _check_rejects(work)


def _renumbered(sql: str) -> str:
    """Parameters that a control leaves out close up."""
    used = [index for index in range(1, 5) if f"${index}" in sql]
    for place, index in enumerate(used, 1):
        sql = sql.replace(f"${index}", f"${place}")
    return sql


async def _tell(work: UnitOfWork, control: Control, found: list[tuple[UUID, Any]]) -> None:
    named = ", ".join(str(text) for _, text in found[:5])
    await raise_alert(
        work,
        control.code,
        control.severity,
        control.title,
        f"{len(found)} found ({named}): {control.cure}",
        about=control.ref,
        refs=[Ref(type=control.ref, id=id_) for id_, _ in found[:_MOST_NAMED]],
    )


async def _check_rejects(work: UnitOfWork) -> None:
    """A week in which more than a fifth of the debits failed."""
    today = work.today()
    values = (work.organisation_id, today - timedelta(days=7), today)
    for row in await work.fetch(Bound(_OUTCOMES, values)):
        if is_spike(row["failures"], row["outcomes"]):
            await raise_alert(
                work,
                "REJECT_SPIKES",
                AlertSeverity.WARNING,
                "Rejets en hausse",
                f"{row['failures']} of {row['outcomes']} debits of seven days failed; look at their reasons before the next file",
                about=row["company_id"],
                company_id=row["company_id"],
            )

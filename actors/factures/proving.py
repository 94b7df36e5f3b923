"""What is proven on time: the newest seals and a sample of old ones, numbers without gap, and closed periods."""

from sqlalchemy import func, select

from actors.factures import chain
from actors.factures.alerts import raise_alert
from actors.factures.closing import close_ended
from actors.factures.rules.late_interest import known_rates, semester_of
from messages.factures.platform import AlertKind
from messages.factures.proof import ClosingPeriod
from runtime.actor import MORE, Moment
from runtime.unit_of_work import Row, UnitOfWork
from storage.factures.tables import invoice, late_interest_rate, numbering_counter, numbering_series, seal_head

_NEWEST = 1_000
_SAMPLE_EVERY, _LARGEST_SAMPLE = 200, 200
_PERIODS_AT_ONCE = 40


async def check_seals(moment: Moment, work: UnitOfWork) -> object:
    """The last thousand seals of each company, and of the older ones each two-hundredth, others every day."""
    for head in await _heads(work):
        company_id, last = head["company_id"], int(head["last_seq"])
        first = max(1, last - _NEWEST + 1)
        start = 1 + work.today().toordinal() % _SAMPLE_EVERY
        sample = range(start, first, _SAMPLE_EVERY)[:_LARGEST_SAMPLE]
        for from_seq, to_seq in [(first, last), *((seq, seq) for seq in sample)]:
            found = await chain.check(company_id, from_seq, to_seq, work)
            if not found.valid:
                text = f"the seal {found.broken_at} of {found.number} does not hold: {found.reason}; restore a backup"
                raise_alert(AlertKind.SEAL_BROKEN, company_id, text, work)
                break
    return None


async def audit_numbers(moment: Moment, work: UnitOfWork) -> object:
    """For each series of the year: as many documents as numbers, none missing, in the order of their dates."""
    year = work.today().year
    numbered = (
        select(
            invoice.c.series_id,
            invoice.c.series_seq,
            (func.lag(invoice.c.issue_date).over(partition_by=invoice.c.series_id, order_by=invoice.c.series_seq)
             > invoice.c.issue_date).label("goes_back"),
        )
        .where(invoice.c.organisation_id == work.organisation_id, invoice.c.series_year == year)
        .subquery()
    )  # fmt: skip
    statement = (
        select(
            numbering_series.c.company_id,
            numbering_series.c.code,
            numbering_counter.c.last_seq,
            func.count(numbered.c.series_seq).label("count"),
            func.coalesce(func.max(numbered.c.series_seq), 0).label("highest"),
            func.count().filter(numbered.c.goes_back).label("backwards"),
        )
        .join(numbering_counter, numbering_counter.c.series_id == numbering_series.c.id)
        .outerjoin(numbered, numbered.c.series_id == numbering_series.c.id)
        .where(numbering_series.c.organisation_id == work.organisation_id, numbering_counter.c.year == year)
        .group_by(numbering_series.c.company_id, numbering_series.c.code, numbering_counter.c.last_seq)
    )
    for row in await work.fetch(statement):
        if not row["count"] == row["highest"] == row["last_seq"] or row["backwards"]:
            text = (
                f"series {row['code']} of {year}: {row['count']} documents, highest number {row['highest']}, counter at"
                f" {row['last_seq']}, {row['backwards']} dates go back; restore a backup"
            )
            raise_alert(AlertKind.NUMBERING_BROKEN, row["company_id"], text, work)
    return None


async def close_periods(moment: Moment, work: UnitOfWork) -> object:
    """Close the days, months and fiscal years that have ended."""
    more = False
    for head in await _heads(work):
        for period in ClosingPeriod:
            closed = await close_ended(head["company_id"], period, work, _PERIODS_AT_ONCE)
            more = more or len(closed) == _PERIODS_AT_ONCE
    return MORE if more else None


async def remind_of_rates(moment: Moment, work: UnitOfWork) -> object:
    """On the first day of a semester whose rate nobody entered: the last known one is printed until somebody does."""
    today = work.today()
    if today.day != 1 or today.month not in (1, 7):
        return None
    semester = semester_of(today)
    statement = select(late_interest_rate.c.semester).where(
        late_interest_rate.c.organisation_id == work.organisation_id, late_interest_rate.c.semester == semester
    )
    if semester in known_rates() or await work.fetch_one(statement) is not None:
        return None
    for head in await _heads(work):
        text = f"the central bank's rate of {semester} is not known; enter it with UpsertLateInterestRate"
        raise_alert(AlertKind.LATE_RATE_MISSING, head["company_id"], text, work)
    return None


async def _heads(work: UnitOfWork) -> list[Row]:
    """The chains that hold a seal."""
    statement = select(seal_head).where(seal_head.c.organisation_id == work.organisation_id, seal_head.c.last_seq > 0)
    return await work.fetch(statement.order_by(seal_head.c.company_id))

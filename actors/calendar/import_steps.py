"""The rows of an import are applied: by the requests they amount to, and forecasts in one statement."""

from collections.abc import Sequence

from sqlalchemy.dialects.postgresql import insert

from actors.calendar.importing import Step
from actors.calendar.requests.configurations import create_debit_configuration, update_debit_configuration
from actors.calendar.requests.holidays import create_holiday, update_holiday
from actors.calendar.requests.overrides import set_debit_date_override
from actors.calendar.rules.csv_rows import ForecastRow
from messages.calendar.configurations import CreateDebitConfiguration, UpdateDebitConfiguration
from messages.calendar.csv_files import RowAction
from messages.calendar.dates import CreateHoliday, UpdateHoliday
from messages.calendar.forecast import ForecastSource
from messages.calendar.overrides import SetDebitDateOverride
from messages.values.identifiers import derived_id
from runtime.unit_of_work import UnitOfWork
from storage.calendar.tables import volume_forecast

_COUNTERS = {
    "created_count": RowAction.CREATE,
    "updated_count": RowAction.UPDATE,
    "skipped_count": RowAction.SKIP,
}


async def apply_steps(steps: Sequence[Step], work: UnitOfWork) -> dict[str, int]:
    """Apply the rows with their checks, events and audit entries; how many were created, updated and skipped."""
    for step in steps:
        await _apply(step, work)
    await _store_forecasts([step.apply for step in steps if isinstance(step.apply, ForecastRow)], work)
    return {name: sum(step.action is action for step in steps) for name, action in _COUNTERS.items()}


async def _apply(step: Step, work: UnitOfWork) -> None:
    match step.apply:
        case CreateDebitConfiguration() as request:
            await create_debit_configuration(request, work)
        case UpdateDebitConfiguration() as request:
            await update_debit_configuration(request, work)
        case CreateHoliday() as request:
            await create_holiday(request, work)
        case UpdateHoliday() as request:
            await update_holiday(request, work)
        case SetDebitDateOverride() as request:
            await set_debit_date_override(request, work)


async def _store_forecasts(rows: Sequence[ForecastRow], work: UnitOfWork) -> None:
    if not rows:
        return
    statement = insert(volume_forecast).values(
        [
            {
                "id": derived_id("forecast", work.organisation_id, str(row.date), str(row.company_id), row.lot or ""),
                "organisation_id": work.organisation_id,
                "date": row.date,
                "company_id": row.company_id,
                "lot_code": row.lot,
                "expected_count": row.count,
                "expected_amount": row.amount,
                "expected_collected": row.amount,
                "currency": "EUR",
                "source": ForecastSource.IMPORTED,
                "built_at": work.now,
            }
            for row in rows
        ]
    )
    names = ("expected_count", "expected_amount", "expected_collected", "source", "built_at")
    changed = {name: statement.excluded[name] for name in names}
    keys = ["organisation_id", "date", "company_id", "lot_code"]
    await work.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed))

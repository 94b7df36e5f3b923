"""The lives of an import, from the dry run to its end, and of an export that is written in the background."""

from messages.calendar.csv_files import CsvExportStatus, CsvImportStatus, OnError
from messages.transitions import StateMachine

_S = CsvImportStatus

CSV_IMPORT = StateMachine(
    "csv_import",
    {
        ("accept", _S.READING): _S.VALIDATED,
        ("reject", _S.READING): _S.INVALID,
        ("fail", _S.READING): _S.FAILED,
        ("confirm", _S.VALIDATED): _S.CONFIRMED,
        ("apply", _S.CONFIRMED): _S.APPLIED,
        ("fail", _S.CONFIRMED): _S.FAILED,
        ("expire", _S.VALIDATED): _S.EXPIRED,
        ("expire", _S.INVALID): _S.EXPIRED,
    },
)

CSV_EXPORT = StateMachine(
    "csv_export",
    {
        ("done", CsvExportStatus.PENDING): CsvExportStatus.DONE,
        ("fail", CsvExportStatus.PENDING): CsvExportStatus.FAILED,
    },
)


def status_of(good: int, bad: int, on_error: OnError) -> CsvImportStatus:
    """Whether a file may be applied: all of it is good, or its good rows are wanted without the others."""
    usable = good > 0 and (bad == 0 or on_error is OnError.SKIP_INVALID)
    return _S.VALIDATED if usable else _S.INVALID

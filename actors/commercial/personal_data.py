"""What commercial keeps of a client: his name beside commissions."""

from typing import Final

from runtime.privacy import ERASED_NAME, Anonymise, PersonalData, by_id, by_trace, either, through
from storage.commercial.references import client_ref
from storage.commercial.statement_tables import statement_line
from storage.commercial.tables import calculation_issue, clawback, commission_entry

_entries = by_id(commission_entry.c.client_id)

PERSONAL_DATA: Final = (
    PersonalData(
        statement_line,
        either(
            through(statement_line.c.source_id, commission_entry.c.id, _entries),
            through(
                statement_line.c.source_id,
                clawback.c.id,
                through(clawback.c.entry_id, commission_entry.c.id, _entries),
            ),
        ),
        Anonymise({"client_name": ERASED_NAME}),
        "commission statements; amounts are kept",
    ),
    PersonalData(
        calculation_issue,
        by_trace(calculation_issue.c.detail),
        Anonymise({"detail": ""}),
        "why no commission was found",
    ),
    PersonalData(
        client_ref, by_id(client_ref.c.client_id), Anonymise({"display_name": ERASED_NAME}), "name beside commissions"
    ),
)

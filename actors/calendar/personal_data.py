"""What calendar keeps of a client: his name in debit plans, and why a debit was moved for him."""

from typing import Final

from runtime.privacy import ERASED_NAME, Anonymise, PersonalData, by_id
from storage.calendar.tables import client_copy, debit_date_override

PERSONAL_DATA: Final = (
    PersonalData(
        debit_date_override,
        by_id(debit_date_override.c.scope_id),
        Anonymise({"reason": None}),
        "why a debit of the client was moved",
    ),
    PersonalData(
        client_copy, by_id(client_copy.c.client_id), Anonymise({"display_name": ERASED_NAME}), "name in debit plans"
    ),
)

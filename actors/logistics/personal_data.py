"""What logistics keeps of a client: whom letters were addressed to. Their proofs lie with documents."""

from typing import Final

from runtime.privacy import ERASED_NAME, Anonymise, PersonalData, by_id
from storage.logistics.tables import letter, shipment

PERSONAL_DATA: Final = (
    PersonalData(
        letter,
        by_id(letter.c.client_id),
        Anonymise({"recipient": {"line1": ERASED_NAME, "line6": "", "country_code": "FR"}, "last_error_text": None}),
        "letters on paper; dates and kinds are kept",
    ),
    PersonalData(
        shipment,
        by_id(shipment.c.client_id),
        Anonymise({"recipient": {"line1": ERASED_NAME, "line6": "", "country_code": "FR"}}),
        "parcels; dates and tracking numbers are kept",
    ),
)

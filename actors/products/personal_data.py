"""What products keeps of a client: why he has a price of his own."""

from typing import Final

from runtime.privacy import Anonymise, PersonalData, by_id
from storage.products.tables import client_price

PERSONAL_DATA: Final = (
    PersonalData(
        client_price,
        by_id(client_price.c.client_id, client_price.c.original_client_id),
        Anonymise({"reason": None}),
        "why the client has a price of his own",
    ),
)

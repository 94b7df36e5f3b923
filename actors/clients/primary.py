"""What a client shows of his contact points and addresses: the primary ones, his city and his holiday zone."""

from typing import Any
from uuid import UUID

from actors.clients import views
from actors.clients.changes import change_client, locked_client
from messages.clients import ContactKind
from messages.values.addresses import holiday_zone_of
from runtime.unit_of_work import Row, UnitOfWork


async def points_changed(client_id: UUID, work: UnitOfWork) -> Row:
    """The client shows his primary e-mail address and phone number."""
    row = await locked_client(client_id, work)
    return await change_client(row, primary_points(row["contact_points"] or ()), work, also=("contact_points",))


async def addresses_changed(client_id: UUID, work: UnitOfWork) -> Row:
    """City and holiday zone follow the client's home; the row is as it is afterwards."""
    row = await locked_client(client_id, work)
    return await change_client(row, home_fields(row["addresses"] or []), work, also=("addresses",))


def primary_points(points: Any) -> dict[str, Any]:
    """The columns that show the primary e-mail address and phone number."""
    primary = {point["kind"]: point["value"] for point in points if point["is_primary"]}
    return {"primary_email": primary.get(ContactKind.EMAIL), "primary_phone": primary.get(ContactKind.PHONE)}


def home_fields(addresses: list[dict[str, Any]]) -> dict[str, Any]:
    """The columns that follow from where the client is."""
    home = views.home_of(addresses)
    if home is None:
        return {"city": None, "holiday_zone": None}
    return {"city": home["city"], "holiday_zone": holiday_zone_of(home["country"], home["postal_code"])}

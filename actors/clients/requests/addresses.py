"""Requests about postal addresses."""

from uuid import UUID

from sqlalchemy import delete, func, or_, select, update

from actors.clients import views
from actors.clients.changes import ids_of, live_client, shown_client
from actors.clients.contracts import has_live_contract
from actors.clients.pairs import note_duplicates
from actors.clients.primary import addresses_changed
from actors.clients.rows import address_row
from messages.base import Empty
from messages.clients import (
    ADDRESS_IN_USE,
    CLIENT_ADDRESS_NOT_FOUND,
    AddAddress,
    AddressPage,
    AddressUsage,
    ClientAddress,
    ClientAddressAdded,
    ClientAddressRemoved,
    ClientAddressUpdated,
    GetAddress,
    ListAddresses,
    RemoveAddress,
    SetDefaultAddress,
    UpdateAddress,
    ValidationStatus,
)
from messages.problem import Refused
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.clients.tables import address


async def add_address(request: AddAddress, work: UnitOfWork) -> ClientAddress:
    """Add a postal address."""
    row = await live_client(request.client_id, work)
    added = address_row(request.address, row["id"], work)
    await work.insert(address, **added)
    after = await addresses_changed(row["id"], work)
    is_first = not row["addresses"]
    work.emit(
        ClientAddressAdded(
            client_id=row["id"],
            address=views.address_of(added),
            usage=tuple(added["usage"]),
            is_default=is_first,
        ),
        version=after["version"],
    )
    await note_duplicates(after, work)
    return ClientAddress.model_validate(added)


async def update_address(request: UpdateAddress, work: UnitOfWork) -> ClientAddress:
    """Replace a postal address."""
    before = await _address(request.address_id, work)
    row = await live_client(before["client_id"], work, request.expected_version)
    after = {**address_row(request.address, before["client_id"], work), "id": before["id"]}
    changed = tuple(sorted(name for name in after if name != "created_at" and after[name] != before[name]))
    if {"line1", "line2", "postal_code", "city", "country"} & {*changed}:
        after["validation_status"] = ValidationStatus.NOT_VALIDATED
        changed = (*changed, "validation_status")
    if not changed:
        return ClientAddress.model_validate(dict(before))
    await work.execute(
        update(address)
        .where(address.c.organisation_id == work.organisation_id, address.c.id == before["id"])
        .values(**{name: after[name] for name in changed})
    )
    version = (await addresses_changed(before["client_id"], work))["version"]
    work.emit(
        ClientAddressUpdated(
            client_id=before["client_id"],
            address=views.address_of(after),
            usage=tuple(after["usage"]),
            is_default=_is_home(row, before["id"]),
            changed_fields=changed,
        ),
        version=version,
    )
    return ClientAddress.model_validate({**before, **after})


async def set_default_address(request: SetDefaultAddress, work: UnitOfWork) -> ClientAddress:
    """Make an address the default one for a usage; it is then meant for that usage too."""
    found = await _address(request.address_id, work)
    await live_client(found["client_id"], work, request.expected_version)
    if request.usage in found["is_default_for"]:
        return ClientAddress.model_validate(dict(found))
    own = address.c
    await work.execute(
        update(address)
        .where(own.organisation_id == work.organisation_id, own.client_id == found["client_id"])
        .values(is_default_for=func.array_remove(own.is_default_for, request.usage))
    )
    changed = {
        "is_default_for": sorted({*found["is_default_for"], request.usage}),
        "usage": sorted({*found["usage"], request.usage}),
    }
    await work.execute(
        update(address).where(own.organisation_id == work.organisation_id, own.id == found["id"]).values(**changed)
    )
    row = await addresses_changed(found["client_id"], work)
    after = {**found, **changed}
    work.emit(
        ClientAddressUpdated(
            client_id=found["client_id"],
            address=views.address_of(after),
            usage=tuple(after["usage"]),
            is_default=_is_home(row, found["id"]),
            changed_fields=("is_default_for",),
        ),
        version=row["version"],
    )
    return ClientAddress.model_validate(after)


async def get_address(request: GetAddress, work: UnitOfWork) -> ClientAddress:
    """One address."""
    return ClientAddress.model_validate(dict(await _address(request.address_id, work)))


async def remove_address(request: RemoveAddress, work: UnitOfWork) -> Empty:
    """Remove a postal address, unless bills of a live contract would have none left."""
    before = await _address(request.address_id, work)
    row = await live_client(before["client_id"], work, request.expected_version)
    bills_go_here = len(row["addresses"]) == 1 or AddressUsage.BILLING in before["is_default_for"]
    if bills_go_here and await has_live_contract(await ids_of(row["id"], work), work):
        raise Refused(
            ADDRESS_IN_USE, "bills of a client with contracts go to this address; change it, or name another default"
        )
    await work.execute(
        delete(address).where(address.c.organisation_id == work.organisation_id, address.c.id == before["id"])
    )
    version = (await addresses_changed(row["id"], work))["version"]
    work.emit(ClientAddressRemoved(client_id=row["id"], address_id=before["id"]), version=version)
    return Empty()


async def list_addresses(request: ListAddresses, work: UnitOfWork) -> AddressPage:
    """A page of addresses."""
    row = await shown_client(request.client_id, work)
    own = address.c
    wanted = select(address).where(own.organisation_id == work.organisation_id, own.client_id == row["id"])
    if not request.include_past:
        day = request.as_of or work.today()
        wanted = wanted.where(
            or_(own.valid_to.is_(None), own.valid_to >= day), or_(own.valid_from.is_(None), own.valid_from <= day)
        )
    if request.usage is not None:
        wanted = wanted.where(address.c.usage.contains([request.usage]))
    return await page(
        work,
        request,
        wanted,
        order=(address.c.created_at, address.c.id),
        reply=AddressPage,
        item=lambda row: ClientAddress.model_validate(dict(row)),
    )


def _is_home(row: Row, address_id: UUID) -> bool:
    home = views.home_of(row["addresses"] or [])
    return home is not None and home["id"] == str(address_id)


async def _address(address_id: UUID, work: UnitOfWork) -> Row:
    wanted = select(address).where(address.c.organisation_id == work.organisation_id, address.c.id == address_id)
    return await work.load(wanted, "client_address", code=CLIENT_ADDRESS_NOT_FOUND, id=address_id)

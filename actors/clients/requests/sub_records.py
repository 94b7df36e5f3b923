"""Requests about what hangs on a client: contact points, addresses, accounts, consents."""

from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import distinct_on

from actors.clients import views
from actors.clients.changes import change_client, live_client, locked_client
from actors.clients.rows import address_row, contact_row
from messages.base import Empty
from messages.clients import (
    ADDRESS_IN_USE,
    CLIENT_ADDRESS_NOT_FOUND,
    CLIENT_NOT_FOUND,
    CONSENT_PROOF_REQUIRED,
    CONTACT_POINT_EXISTS,
    CONTACT_POINT_NOT_FOUND,
    AddAddress,
    AddContactPoint,
    AddressPage,
    BankRef,
    BankRefs,
    ClientAddress,
    ClientAddressAdded,
    ClientAddressRemoved,
    ClientAddressUpdated,
    ClientConsentRecorded,
    Consent,
    ConsentChannel,
    ConsentDecision,
    ConsentMatrix,
    ConsentPurpose,
    ContactKind,
    ContactPoint,
    GetConsentMatrix,
    ListAddresses,
    ListBankRefs,
    RecordConsent,
    RemoveAddress,
    RemoveContactPoint,
    SetPrimaryContactPoint,
    UpdateAddress,
)
from messages.problem import Refused
from messages.values.addresses import holiday_zone_of
from messages.values.identifiers import new_id
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.clients import queries
from storage.clients.queries import one_of
from storage.clients.tables import address, bank_details_ref, consent, contact_point, contract_ref, mandate_ref

_LIVE_CONTRACTS = ("SIGNED", "ACTIVE", "SUSPENDED")
_PROVEN = (ConsentPurpose.HEALTH_DATA, ConsentPurpose.MARKETING_PHONE)


async def add_contact_point(request: AddContactPoint, work: UnitOfWork) -> ContactPoint:
    """Add an e-mail address or a phone number."""
    row = await live_client(request.client_id, work)
    value = request.email or request.phone or ""
    points = [point for point in row["contact_points"] or () if point["kind"] == request.kind]
    if any(point["value"].lower() == value.lower() for point in points):
        raise Refused(CONTACT_POINT_EXISTS, f"the client has {value} already; use that contact point")
    is_primary = request.is_primary or not points
    if is_primary:
        await _clear_primary(row["id"], request.kind, work)
    point = contact_row(row["id"], request.kind, value, is_primary, work)
    await work.insert(contact_point, **point)
    await _points_changed(row["id"], work)
    return ContactPoint.model_validate(point)


async def set_primary_contact_point(request: SetPrimaryContactPoint, work: UnitOfWork) -> ContactPoint:
    """Make a contact point the primary one of its kind."""
    point = await _point(request.contact_point_id, work)
    await live_client(point["client_id"], work)
    if not point["is_primary"]:
        await _clear_primary(point["client_id"], point["kind"], work)
        await _set_primary(point["id"], work)
        await _points_changed(point["client_id"], work)
    return ContactPoint.model_validate({**point, "is_primary": True})


async def remove_contact_point(request: RemoveContactPoint, work: UnitOfWork) -> Empty:
    """Remove a contact point; the oldest other one of its kind becomes primary."""
    point = await _point(request.contact_point_id, work)
    row = await live_client(point["client_id"], work)
    own = contact_point.c
    await work.execute(delete(contact_point).where(own.organisation_id == work.organisation_id, own.id == point["id"]))
    others = [
        other for other in row["contact_points"] if other["kind"] == point["kind"] and other["id"] != str(point["id"])
    ]
    if point["is_primary"] and others:
        await _set_primary(UUID(others[0]["id"]), work)
    await _points_changed(point["client_id"], work)
    return Empty()


async def add_address(request: AddAddress, work: UnitOfWork) -> ClientAddress:
    """Add a postal address."""
    row = await live_client(request.client_id, work)
    added = address_row(request.address, row["id"], work)
    await work.insert(address, **added)
    version = await _addresses_changed(row["id"], work)
    is_first = not row["addresses"]
    work.emit(
        ClientAddressAdded(
            client_id=row["id"],
            address=views.address_of(added),
            usage=tuple(added["usage"]),
            is_default=is_first,
        ),
        version=version,
    )
    return ClientAddress.model_validate(added)


async def update_address(request: UpdateAddress, work: UnitOfWork) -> ClientAddress:
    """Replace a postal address."""
    before = await _address(request.address_id, work)
    row = await live_client(before["client_id"], work)
    after = {**address_row(request.address, before["client_id"], work), "id": before["id"]}
    changed = tuple(sorted(name for name in after if name != "created_at" and after[name] != before[name]))
    if not changed:
        return ClientAddress.model_validate(dict(before))
    await work.execute(
        update(address)
        .where(address.c.organisation_id == work.organisation_id, address.c.id == before["id"])
        .values(**{name: after[name] for name in changed})
    )
    version = await _addresses_changed(before["client_id"], work)
    first = (row["addresses"] or [{"id": None}])[0]
    work.emit(
        ClientAddressUpdated(
            client_id=before["client_id"],
            address=views.address_of(after),
            usage=tuple(after["usage"]),
            is_default=first["id"] == str(before["id"]),
            changed_fields=changed,
        ),
        version=version,
    )
    return ClientAddress.model_validate(after)


async def remove_address(request: RemoveAddress, work: UnitOfWork) -> Empty:
    """Remove a postal address, unless bills of a live contract would have none left."""
    before = await _address(request.address_id, work)
    row = await live_client(before["client_id"], work)
    if len(row["addresses"]) == 1 and await _has_live_contract(row["id"], work):
        raise Refused(ADDRESS_IN_USE, "this is the only address of a client with contracts; replace it instead")
    await work.execute(
        delete(address).where(address.c.organisation_id == work.organisation_id, address.c.id == before["id"])
    )
    version = await _addresses_changed(row["id"], work)
    work.emit(ClientAddressRemoved(client_id=row["id"], address_id=before["id"]), version=version)
    return Empty()


async def list_addresses(request: ListAddresses, work: UnitOfWork) -> AddressPage:
    """A page of addresses."""
    await _exists(request.client_id, work)
    wanted = select(address).where(
        address.c.organisation_id == work.organisation_id, address.c.client_id == request.client_id
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


async def list_bank_refs(request: ListBankRefs, work: UnitOfWork) -> BankRefs:
    """The client's accounts, masked."""
    await _exists(request.client_id, work)
    return BankRefs(items=await bank_refs_of(request.client_id, work))


async def bank_refs_of(client_id: UUID, work: UnitOfWork) -> tuple[BankRef, ...]:
    """The accounts of a client, each with its mandate's status."""
    account, mandate = bank_details_ref.c, mandate_ref.c
    newest = (
        select(mandate.status)
        .where(mandate.organisation_id == account.organisation_id, mandate.bank_details_id == account.bank_details_id)
        .order_by(mandate.mandate_id.desc())
        .limit(1)
        .scalar_subquery()
    )
    rows = await work.fetch(
        select(bank_details_ref, newest.label("mandate_status"))
        .where(account.organisation_id == work.organisation_id, account.client_id == client_id)
        .order_by(account.bank_details_id)
    )
    return tuple(BankRef.model_validate(dict(row)) for row in rows)


async def record_consent(request: RecordConsent, work: UnitOfWork) -> Consent:
    """Write a decision into the ledger."""
    row = await locked_client(request.client_id, work)
    granted = request.decision is ConsentDecision.GRANTED
    needs_proof = request.purpose in _PROVEN or request.channel_of_collection is ConsentChannel.IMPORT
    if granted and needs_proof and request.proof_document_id is None:
        raise Refused(
            CONSENT_PROOF_REQUIRED, f"consent to {request.purpose} needs proof_document_id; give the document"
        )
    decided_at = request.decided_at or work.now
    if decided_at > work.now:
        raise Refused.field("decided_at", "future", "decided_at lies in the future; give the moment of the decision")
    decision = {
        **request.model_dump(),
        "id": new_id(),
        "organisation_id": work.organisation_id,
        "decided_at": decided_at,
        "collected_by": work.caller.principal,
    }
    await work.insert(consent, **decision)
    work.emit(ClientConsentRecorded.model_validate(decision), version=row["version"])
    return Consent.model_validate(decision)


async def get_consent_matrix(request: GetConsentMatrix, work: UnitOfWork) -> ConsentMatrix:
    """What the client agrees to now."""
    await _exists(request.client_id, work)
    return ConsentMatrix(client_id=request.client_id, items=await consents_of(request.client_id, work))


async def consents_of(client_id: UUID, work: UnitOfWork) -> tuple[Consent, ...]:
    """The newest decision per purpose; one that has expired counts as none."""
    own = consent.c
    rows = await work.fetch(
        select(consent)
        .ext(distinct_on(own.purpose))
        .where(own.organisation_id == work.organisation_id, own.client_id == client_id)
        .order_by(own.purpose, own.decided_at.desc(), own.id.desc())
    )
    return tuple(
        Consent.model_validate(dict(row)) for row in rows if row["expires_at"] is None or row["expires_at"] > work.now
    )


async def _exists(client_id: UUID, work: UnitOfWork) -> None:
    await work.load(queries.CLIENT_BY_ID, "client", code=CLIENT_NOT_FOUND, id=client_id)


async def _point(point_id: UUID, work: UnitOfWork) -> Row:
    own = contact_point.c
    wanted = select(contact_point).where(own.organisation_id == work.organisation_id, own.id == point_id)
    return await work.load(wanted, "contact_point", code=CONTACT_POINT_NOT_FOUND, id=point_id)


async def _address(address_id: UUID, work: UnitOfWork) -> Row:
    wanted = select(address).where(address.c.organisation_id == work.organisation_id, address.c.id == address_id)
    return await work.load(wanted, "client_address", code=CLIENT_ADDRESS_NOT_FOUND, id=address_id)


async def _clear_primary(client_id: UUID, kind: ContactKind | str, work: UnitOfWork) -> None:
    own = contact_point.c
    await work.execute(
        update(contact_point)
        .where(own.organisation_id == work.organisation_id, own.client_id == client_id, own.kind == kind)
        .values(is_primary=False)
    )


async def _set_primary(point_id: UUID, work: UnitOfWork) -> None:
    own = contact_point.c
    await work.execute(
        update(contact_point)
        .where(own.organisation_id == work.organisation_id, own.id == point_id)
        .values(is_primary=True)
    )


async def _points_changed(client_id: UUID, work: UnitOfWork) -> None:
    """The client shows his primary e-mail address and phone number."""
    row = await locked_client(client_id, work)
    primary = {point["kind"]: point["value"] for point in row["contact_points"] or () if point["is_primary"]}
    changes = {"primary_email": primary.get(ContactKind.EMAIL), "primary_phone": primary.get(ContactKind.PHONE)}
    await change_client(row, changes, work, also=("contact_points",))


async def _addresses_changed(client_id: UUID, work: UnitOfWork) -> int:
    """City and holiday zone follow the first address."""
    row = await locked_client(client_id, work)
    first = (row["addresses"] or [None])[0]
    changes: dict[str, Any] = {"city": None, "holiday_zone": None}
    if first is not None:
        changes = {"city": first["city"], "holiday_zone": holiday_zone_of(first["country"], first["postal_code"])}
    after = await change_client(row, changes, work, also=("addresses",))
    version: int = after["version"]
    return version


async def _has_live_contract(client_id: UUID, work: UnitOfWork) -> bool:
    live = select(contract_ref.c.contract_id).where(
        contract_ref.c.organisation_id == work.organisation_id,
        contract_ref.c.client_id == client_id,
        one_of(contract_ref.c.status, _LIVE_CONTRACTS),
    )
    return await work.fetch_one(live.limit(1)) is not None

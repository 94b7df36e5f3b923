"""Requests about the persons of a client that is not one."""

from sqlalchemy import delete, select, update

from actors.clients.changes import live_client, shown_client
from messages.base import Empty
from messages.clients import (
    CLIENT_IS_INDIVIDUAL,
    CONTACT_PERSON_NOT_FOUND,
    AddContactPerson,
    ClientType,
    ContactPerson,
    ContactPersonPage,
    ListContactPersons,
    RemoveContactPerson,
    UpdateContactPerson,
)
from messages.problem import Refused
from messages.values.identifiers import new_id
from runtime.pagination import page
from runtime.unit_of_work import Row, UnitOfWork
from storage.clients.tables import contact_person


async def add_contact_person(request: AddContactPerson, work: UnitOfWork) -> ContactPerson:
    """Add a person; the first one is the primary one."""
    row = await live_client(request.client_id, work)
    if row["type"] == ClientType.INDIVIDUAL:
        raise Refused(CLIENT_IS_INDIVIDUAL, "a person needs no contact persons; add a contact point instead")
    own = contact_person.c
    known = select(own.id).where(own.organisation_id == work.organisation_id, own.client_id == row["id"])
    is_primary = request.is_primary or await work.fetch_value(known.limit(1)) is None
    if is_primary:
        await _clear_primary(row, work)
    person = {
        **request.model_dump(),
        "id": new_id(),
        "organisation_id": work.organisation_id,
        "version": 1,
        "is_primary": is_primary,
        "active": True,
        "created_at": work.now,
    }
    await work.insert(contact_person, **person)
    work.record("client", row["id"], after={"contact_person": str(person["id"])})
    return ContactPerson.model_validate(person)


async def update_contact_person(request: UpdateContactPerson, work: UnitOfWork) -> ContactPerson:
    """Change the fields that were sent."""
    person = await _person(request.contact_person_id, work)
    row = await live_client(person["client_id"], work)
    work.check_version(request.expected_version, person["version"])
    sent = request.model_dump(exclude={"contact_person_id", "expected_version"}, exclude_unset=True)
    if "family_name" in sent and sent["family_name"] is None:
        raise Refused.field("family_name", "required", "family_name cannot be empty; give a name or leave it out")
    if sent.get("is_primary"):
        await _clear_primary(row, work)
    after = {**person, **sent, "version": person["version"] + 1}
    await work.execute(
        update(contact_person)
        .where(contact_person.c.organisation_id == work.organisation_id, contact_person.c.id == person["id"])
        .values(**sent, version=after["version"])
    )
    work.record("client", row["id"], after={"contact_person": str(person["id"]), "changed": sorted(sent)})
    return ContactPerson.model_validate(after)


async def remove_contact_person(request: RemoveContactPerson, work: UnitOfWork) -> Empty:
    """Remove a person."""
    person = await _person(request.contact_person_id, work)
    row = await live_client(person["client_id"], work)
    own = contact_person.c
    await work.execute(
        delete(contact_person).where(own.organisation_id == work.organisation_id, own.id == person["id"])
    )
    work.record("client", row["id"], before={"contact_person": str(person["id"])})
    return Empty()


async def list_contact_persons(request: ListContactPersons, work: UnitOfWork) -> ContactPersonPage:
    """A page of persons."""
    row = await shown_client(request.client_id, work)
    own = contact_person.c
    wanted = select(contact_person).where(own.organisation_id == work.organisation_id, own.client_id == row["id"])
    return await page(
        work,
        request,
        wanted,
        order=(own.created_at, own.id),
        reply=ContactPersonPage,
        item=lambda found: ContactPerson.model_validate(dict(found)),
    )


async def _person(person_id: object, work: UnitOfWork) -> Row:
    own = contact_person.c
    wanted = select(contact_person).where(own.organisation_id == work.organisation_id, own.id == person_id)
    return await work.load(wanted, "contact_person", code=CONTACT_PERSON_NOT_FOUND, id=person_id)


async def _clear_primary(row: Row, work: UnitOfWork) -> None:
    own = contact_person.c
    await work.execute(
        update(contact_person)
        .where(own.organisation_id == work.organisation_id, own.client_id == row["id"])
        .values(is_primary=False)
    )

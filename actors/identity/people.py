"""Users as rows: what of them is encrypted, how they are found, and the facts about them."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select, update

from actors.identity.oidc.tokens import settings
from messages.base import NIL_ORGANISATION
from messages.identity import USER_NOT_FOUND, User, UserRegistered, UserUpdated
from messages.problem import Refused
from messages.values.contact import normalise_email
from messages.values.text import search_form
from runtime.field_encryption import IndexKind
from runtime.pagination import contains
from runtime.unit_of_work import Row, UnitOfWork
from storage.identity.tables import user_account


async def address_index(email: str, work: UnitOfWork) -> bytes:
    """The blind index by which users and invitations of one address are compared, over all tenants."""
    return await work.keys.index(IndexKind.EMAIL, email, NIL_ORGANISATION)


async def seal(value: str, column: str, user_id: UUID, work: UnitOfWork) -> bytes:
    """An encrypted field of a user."""
    return await work.keys.encrypt(value, **_place(column, user_id))


async def opened(blob: bytes | None, column: str, user_id: UUID, work: UnitOfWork) -> str | None:
    """The clear field."""
    return None if blob is None else await work.keys.decrypt(blob, **_place(column, user_id))


def _place(column: str, user_id: UUID) -> dict[str, Any]:
    return {
        "organisation_id": NIL_ORGANISATION,
        "domain": "PII",
        "table": "user_account",
        "column": column,
        "row_id": user_id,
    }


async def user_row(user_id: UUID, work: UnitOfWork, *, lock: bool = False) -> Row:
    """A user, or USER_NOT_FOUND."""
    statement = select(user_account).where(user_account.c.id == user_id)
    row = await work.fetch_one(statement.with_for_update() if lock else statement)
    if row is None:
        raise user_not_found(user_id)
    return row


def user_not_found(user_id: UUID) -> Refused:
    """The same answer for an unknown user and for one of another organisation."""
    return Refused(
        USER_NOT_FOUND,
        f"user {user_id} does not exist; check the id",
        details={"resource": "user", "id": str(user_id)},
    )


async def user_of(row: Row, work: UnitOfWork) -> User:
    """The reply, with its encrypted fields opened."""
    return User.model_validate(
        dict(row)
        | {
            "user_id": row["id"],
            "email": await opened(row["email"], "email", row["id"], work),
            "phone": await opened(row["phone"], "phone", row["id"], work),
        }
    )


async def is_platform_staff(row: Row, work: UnitOfWork) -> bool:
    """Whether the settings name the user's verified address: platform staff are the installation's own affair."""
    named = settings().platform_administrators
    if not row["email_verified"] or row["email_index"] is None:
        return False
    return row["email_index"] in {await address_index(normalise_email(email), work) for email in named}


async def change_user(row: Row, changed: dict[str, Any], shown: tuple[str, ...], work: UnitOfWork) -> Row:
    """Store changed columns of a user and state the fact; `shown` names the fields as others know them."""
    after: dict[str, Any] = {**row, **changed, "version": row["version"] + 1}
    after["search_name"] = search_name(after["first_name"], after["last_name"])
    await work.execute(
        update(user_account)
        .where(user_account.c.id == row["id"])
        .values(**changed, search_name=after["search_name"], version=after["version"])
    )
    user = await user_of(after, work)
    event = UserUpdated.model_validate(user.model_dump() | {"changed_fields": tuple(sorted(shown))})
    work.emit(event, version=after["version"])
    return after


async def register(row: Row, work: UnitOfWork) -> None:
    """State that a login exists."""
    user = await user_of(row, work)
    work.emit(UserRegistered.model_validate(user.model_dump()), version=row["version"])


def search_name(first_name: str, last_name: str) -> str:
    """What a search by name compares."""
    return search_form(f"{first_name} {last_name}")


async def found_by(text: str, work: UnitOfWork) -> ColumnElement[bool]:
    """The users that a search term means: one whole address, or a part of a name."""
    if "@" in text:
        return user_account.c.email_index == await address_index(normalise_email(text), work)
    return contains(user_account.c.search_name, text)

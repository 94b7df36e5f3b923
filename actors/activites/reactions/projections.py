"""Who and what others know that tasks and activities are linked to."""

from datetime import date
from typing import Any

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert

from actors.activites import rules
from messages.activites import Direction
from messages.clients import ClientArchived, ClientCreated, ClientRestored, ClientSource, ClientUpdated, RecordState
from messages.contrats import ContractCreated, ContractSnapshot, ContractUpdated
from messages.factures import InvoiceRef
from messages.identity import (
    MembershipCreated,
    MembershipReactivated,
    MembershipSnapshot,
    MembershipSuspended,
    OrganisationCreated,
    UserRegistered,
    UserUpdated,
)
from messages.values.identifiers import new_id
from runtime.unit_of_work import UnitOfWork
from storage.activites.tables import (
    activity_type,
    client_ref,
    contract_ref,
    delayed_task,
    invoice_ref,
    member_ref,
    user_ref,
)
from storage.projections import keep_newest

_TYPES = (
    ("CALL", "Appel", "phone", "#22C55E", Direction.OUTBOUND, True),
    ("EMAIL", "E-mail", "mail", "#3B82F6", Direction.OUTBOUND, True),
    ("MEETING", "Réunion", "users", "#A855F7", None, True),
    ("VISIT", "Visite", "map-pin", "#F97316", None, True),
    ("NOTE", "Note", "file-text", "#6B7280", Direction.INTERNAL, False),
    ("OTHER", "Autre", "circle", "#64748B", None, True),
    ("SMS", "SMS", "message", "#14B8A6", Direction.OUTBOUND, True),
    ("LETTER", "Courrier", "send", "#EAB308", Direction.OUTBOUND, True),
)


async def seed_activity_types(event: OrganisationCreated, work: UnitOfWork) -> None:
    """The kinds of activity that every organisation begins with."""
    for position, (code, name, icon, colour, direction, counts) in enumerate(_TYPES):
        await work.execute(
            insert(activity_type)
            .values(
                id=new_id(),
                organisation_id=work.organisation_id,
                code=code,
                name=name,
                icon=icon,
                colour=colour,
                direction_default=direction,
                counts_as_contact=counts,
                is_system=True,
                active=True,
                position=position,
            )
            .on_conflict_do_nothing()
        )


async def keep_client(event: ClientCreated | ClientUpdated, work: UnitOfWork) -> None:
    """A client; a new one is called a week later, unless he came with an import."""
    await work.execute(
        keep_newest(
            client_ref,
            organisation_id=work.organisation_id,
            client_id=event.client_id,
            name=event.display_name,
            owner_user_id=event.owner_user_id,
            active=event.record_state is RecordState.LIVE,
            source=event.source,
            version=work.source_version,
        )
    )
    if isinstance(event, ClientCreated) and event.source is not ClientSource.IMPORT:
        await _plan_welcome_call(event, rules.welcome_call_on(work.today()), work)


async def keep_client_state(event: ClientArchived | ClientRestored, work: UnitOfWork) -> None:
    """Whether a client is in use."""
    await work.execute(
        update(client_ref)
        .where(
            client_ref.c.organisation_id == work.organisation_id,
            client_ref.c.client_id == event.client_id,
            client_ref.c.version < work.source_version,
        )
        .values(active=isinstance(event, ClientRestored), version=work.source_version)
    )


async def keep_contract(event: ContractCreated | ContractUpdated, work: UnitOfWork) -> None:
    """A contract's reference, client and seller."""
    await remember_contract(event, work)


async def remember_contract(event: ContractSnapshot, work: UnitOfWork) -> bool:
    """Keep the contract's newest state; False for an older version."""
    statement = keep_newest(
        contract_ref,
        organisation_id=work.organisation_id,
        contract_id=event.contract_id,
        reference=event.reference,
        status=event.status,
        client_id=event.client_id,
        sales_rep_id=event.sales_rep_id,
        ends_on=event.ends_on,
        version=work.source_version,
    )
    return bool(await work.execute(statement))


async def remember_invoice(event: InvoiceRef, work: UnitOfWork) -> bool:
    """Keep the invoice's newest state; False for an older version."""
    statement = keep_newest(
        invoice_ref,
        organisation_id=work.organisation_id,
        invoice_id=event.invoice_id,
        number=event.number,
        status=event.status,
        client_id=event.client_id,
        contract_id=event.contract_id,
        outstanding=event.outstanding.amount,
        version=work.source_version,
    )
    return bool(await work.execute(statement))


async def keep_member(event: MembershipCreated | MembershipSuspended | MembershipReactivated, work: UnitOfWork) -> None:
    """Who may be given work."""
    await remember_member(event, work)


async def remember_member(event: MembershipSnapshot, work: UnitOfWork) -> bool:
    """Keep the membership's newest state; False for an older version."""
    statement = keep_newest(
        member_ref,
        organisation_id=work.organisation_id,
        membership_id=event.membership_id,
        user_id=event.user_id,
        active=event.status == "ACTIVE",
        version=work.source_version,
    )
    return bool(await work.execute(statement))


async def keep_user(event: UserRegistered | UserUpdated, work: UnitOfWork) -> None:
    """The names of users."""
    columns: dict[str, Any] = {"user_id": event.user_id, "name": f"{event.first_name} {event.last_name}".strip()}
    await work.execute(keep_newest(user_ref, **columns, version=work.source_version))


async def _plan_welcome_call(event: ClientCreated, due_on: date, work: UnitOfWork) -> None:
    await work.execute(
        insert(delayed_task)
        .values(
            organisation_id=work.organisation_id,
            source_key=f"auto:CLIENT_CREATED:{event.client_id}:welcome",
            due_on=due_on,
            client_id=event.client_id,
        )
        .on_conflict_do_nothing()
    )

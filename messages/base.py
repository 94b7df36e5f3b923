"""Request, Reply and Event: the three kinds of message, and what a class declares about itself.

Security is stated here and nowhere else: NATS permissions, the permission catalogue, AsyncAPI and the bridge's routes are derived
from these declarations (cross_cutting section 3).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Generic, TypeVar, cast
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from messages import registry
from messages.names import action_of, fact_of, resource_of, snake_case

NIL_ORGANISATION = UUID(int=0)
"""Stands for "no tenant" in subjects, headers and rows."""


class Idempotency(StrEnum):
    """Whether a request may or must carry an `idempotency-key`."""

    NONE = "NONE"
    OPTIONAL = "OPTIONAL"
    REQUIRED = "REQUIRED"


class Access(StrEnum):
    """Who may send a request on its public subject."""

    PERMISSION = "PERMISSION"
    SELF = "SELF"  # any authenticated user, about himself
    PUBLIC = "PUBLIC"  # no token
    INTERNAL = "INTERNAL"  # only on crm.internal.*, for the declared callers


class Message(BaseModel):
    """A frozen value: what is sent never changes."""

    # Built at the first use: an actor knows hundreds of messages and uses some (9 MiB less per process).
    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)


class Part(Message):
    """A value inside requests; unknown fields are refused there."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Reply(Message):
    """What a request answers; readers ignore fields they do not know."""

    def stored(self) -> "Reply":
        """What the idempotency record keeps for a repeated request; a reply with a secret overrides this to leave it out."""
        return self


class Empty(Reply):
    """The reply of a request that has nothing to say but "done"."""


ReplyType = TypeVar("ReplyType", bound=Reply)


@dataclass(frozen=True, slots=True)
class RequestContract:
    """Everything the runtime needs to serve, guard and document one request."""

    actor: str
    name: str
    reply: type[Reply]
    access: Access
    permission: str | None
    query: bool
    internal_callers: frozenset[str]
    tenant_scoped: bool
    idempotency: Idempotency
    audited: bool
    timeout_seconds: float

    @property
    def subject(self) -> str:
        """Where clients with a token send it; also the name idempotency records are kept under."""
        return f"crm.{self.actor}.{self.name}"

    @property
    def internal_subject(self) -> str:
        """Where the declared callers send it, without a token."""
        return f"crm.internal.{self.actor}.{self.name}"

    @property
    def command_subject(self) -> str:
        """Where upstream systems leave it when they need no reply."""
        return f"crm.commands.{self.actor}.{self.name}"

    @property
    def webhook_subject(self) -> str:
        """Where the bridge, and nobody else, leaves what a provider reported while the actor was down."""
        return f"crm.webhooks.{self.actor}.{self.name}"


class Request(BaseModel, Generic[ReplyType]):
    """An order or a question to one actor, answered by `ReplyType` or by a Problem."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    contract: ClassVar[RequestContract]
    subject: ClassVar[str]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__()  # typing.Generic takes no keyword arguments; pydantic's own hook below reads them

    @classmethod
    def __pydantic_init_subclass__(
        cls,
        *,
        query: bool = False,
        access: Access = Access.PERMISSION,
        permission: str | None = None,
        resource: str | None = None,
        internal_callers: tuple[str, ...] = (),
        tenant_scoped: bool = True,
        idempotency: Idempotency = Idempotency.OPTIONAL,
        audited: bool | None = None,
        timeout_seconds: float = 5.0,
        **kwargs: Any,
    ) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        reply = _reply_type_of(cls)
        if reply is None:  # Request[SomeReply] itself, not a request
            return
        actor, name = actor_of(cls), snake_case(cls.__name__)
        if access is Access.PERMISSION and permission is None:
            permission = f"{actor}:{resource or resource_of(name)}:{action_of(name)}"
        if access is Access.INTERNAL and not internal_callers:
            raise TypeError(f"{cls.__name__} is internal but names no caller; give internal_callers=(...)")
        cls.contract = RequestContract(
            actor=actor,
            name=name,
            reply=reply,
            access=access,
            permission=permission if access is Access.PERMISSION else None,
            query=query,
            internal_callers=frozenset(internal_callers),
            tenant_scoped=tenant_scoped,
            idempotency=Idempotency.NONE if query else idempotency,
            audited=not query if audited is None else audited,
            timeout_seconds=timeout_seconds,
        )
        cls.subject = cls.contract.subject
        registry.add_request(cls)


@dataclass(frozen=True, slots=True)
class EventContract:
    """How a fact is addressed: its aggregate, its type and the version of its payload."""

    actor: str
    aggregate: str
    fact: str
    version: int
    personal: bool
    tenant_scoped: bool
    aggregate_id_field: str

    @property
    def type(self) -> str:
        """`contract.signed`; also the CloudEvents type."""
        return f"{self.aggregate}.{self.fact}"

    def subject(self, organisation_id: UUID | str) -> str:
        """The stream subject of one organisation's fact; `*` gives the filter over all of them."""
        return f"crm.events.{self.aggregate}.{self.fact}.{organisation_id}"


class Event(Message):
    """A fact that one actor states and any actor may hear."""

    contract: ClassVar[EventContract]
    type: ClassVar[str]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__()

    @classmethod
    def __pydantic_init_subclass__(
        cls,
        *,
        aggregate: str | None = None,
        fact: str | None = None,
        version: int = 1,
        personal: bool = False,
        tenant_scoped: bool = True,
        aggregate_id: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if aggregate is None:
            raise TypeError(
                f'event {cls.__name__} names no aggregate; write class {cls.__name__}(Event, aggregate="...")'
            )
        field = aggregate_id or f"{aggregate}_id"
        if field not in cls.model_fields:
            raise TypeError(
                f"event {cls.__name__} has no field '{field}'; name the aggregate's id with aggregate_id=..."
            )
        cls.contract = EventContract(
            actor=actor_of(cls),
            aggregate=aggregate,
            fact=fact or fact_of(cls.__name__, aggregate),
            version=version,
            personal=personal,
            tenant_scoped=tenant_scoped,
            aggregate_id_field=field,
        )
        cls.type = cls.contract.type
        registry.add_event(cls)

    @property
    def aggregate_id(self) -> UUID:
        """The id of the aggregate the fact is about (`ce-subject`)."""
        return cast(UUID, getattr(self, self.contract.aggregate_id_field))


def actor_of(message: type[BaseModel]) -> str:
    """The actor a message belongs to: the module under `messages` that defines it."""
    package, _, rest = message.__module__.partition(".")
    if package != "messages" or not rest:
        raise TypeError(f"{message.__name__} must be defined in messages/<actor>, not in {message.__module__}")
    return rest.partition(".")[0]


def _reply_type_of(request: type[BaseModel]) -> type[Reply] | None:
    for base in request.__mro__[1:]:
        metadata = getattr(base, "__pydantic_generic_metadata__", None)
        if metadata and metadata["args"] and metadata["origin"] is Request:
            reply = metadata["args"][0]
            return reply if isinstance(reply, type) and issubclass(reply, Reply) else None
    return None

"""The one shape of a failure (RFC 9457), and the exception that carries it to the edge of a handler."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from messages.base import Reply
from messages.errors import ErrorCode


class FieldProblem(Reply):
    """One field that was refused, the rule it broke and how to cure it."""

    field: str
    rule: str
    message: str


class Problem(Reply):
    """Why a request was refused or failed. `retriable` says whether the same request may succeed later."""

    code: str
    title: str
    detail: str | None = None
    fields: tuple[FieldProblem, ...] = ()
    retriable: bool = False
    retry_after_seconds: int | None = None
    parent: str | None = None
    details: dict[str, Any] = Field(default_factory=dict)
    required_permission: str | None = None
    request_id: str | None = None


class Refused(Exception):  # noqa: N818 - the business's word: the request is refused, nothing broke
    """Raised by rules and handlers to refuse a request; the host turns it into a Problem and rolls everything back."""

    def __init__(
        self,
        code: ErrorCode,
        detail: str | None = None,
        *,
        fields: tuple[FieldProblem, ...] = (),
        required_permission: str | None = None,
        retry_after_seconds: int | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{code.code}: {detail or code.title}")
        self.code = code
        self.detail = detail
        self.fields = fields
        self.required_permission = required_permission
        self.retry_after_seconds = retry_after_seconds
        self.details = dict(details or {})

    def problem(self, request_id: str | None = None, locale: str = "fr") -> Problem:
        """The Problem to send; titles are French by default, English for an `en` locale."""
        return Problem(
            code=self.code.code,
            title=self.code.title_in(locale),
            detail=self.detail,
            fields=self.fields,
            retriable=self.code.retriable,
            retry_after_seconds=self.retry_after_seconds,
            parent=self.code.parent.code if self.code.parent else None,
            details=self.details,
            required_permission=self.required_permission,
            request_id=request_id,
        )

    @classmethod
    def field(cls, field: str, rule: str, message: str, code: ErrorCode | None = None) -> "Refused":
        """Refuse one field of a request with the cure in the message."""
        from messages.errors import VALIDATION_FAILED

        return cls(
            code or VALIDATION_FAILED,
            message,
            fields=(FieldProblem(field=field, rule=rule, message=message),),
        )

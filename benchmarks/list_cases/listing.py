"""A list that is measured, and the values its table is filled with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, get_args

from pydantic import BaseModel

from benchmarks.filling import MANY, Fill, one_of, spread
from messages.base import Request
from storage.migrations import metadata_of
from storage.shared.tables import shared_metadata
from tests.actors.products.contracts import signed_contract

Filter = Mapping[str, Any]


@dataclass(frozen=True)
class Listing:
    """A list request, the table its rows lie in (none: filled for another list), and the filters it is measured with."""

    request: type[Request[Any]]
    table: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    filters: tuple[Filter, ...] = ({},)
    rows: int = MANY
    also: tuple[Fill, ...] = ()

    @property
    def actor(self) -> str:
        """Who answers."""
        return self.request.contract.actor

    @property
    def fills(self) -> tuple[Fill, ...]:
        """The tables to fill, the list's own first."""
        if self.table is None:
            return self.also
        (item, *_) = get_args(self.request.contract.reply.model_fields["items"].annotation)
        shown_as = item if isinstance(item, type) and issubclass(item, BaseModel) else None
        table = (shared_metadata if self.table in shared_metadata.tables else metadata_of(self.actor)).tables[
            self.table
        ]
        return (Fill(table, shown_as, self.columns, self.rows), *self.also)


def words(*chosen: str) -> str:
    return f"(array[{', '.join(repr(word) for word in chosen)}])[1 + n % {len(chosen)}]"


def rows_of(actor: str, table: str, columns: Mapping[str, str], rows: int = MANY) -> Fill:
    return Fill(metadata_of(actor).tables[table], None, columns, rows)


CLIENT, CONTRACT, PRODUCT, CASE = (one_of(name, 7) for name in ("client", "contract", "product", "case"))
COMPANY = one_of("company", 3)
SOME_CLIENT, SOME_CONTRACT, SOME_COMPANY = (
    spread("client", 50_000),
    spread("contract"),
    spread("company", 5),
)
MONEY = {"currency": "'EUR'", "amount": "29.90"}
OWNED = {"client_id": SOME_CLIENT, "contract_id": SOME_CONTRACT, "company_id": SOME_COMPANY}
JSON_LIST = "'[]'::jsonb"

SNAPSHOT = signed_contract(COMPANY, CLIENT, date(2026, 3, 12)).model_dump_json()

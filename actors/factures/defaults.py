"""What a draft takes from elsewhere: the client's term and way of sending, what products say of their lines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from actors.factures.preferences import PaymentTerm, channel_of, term_of
from actors.factures.rules.booking import Article, RevenueAccount, mapped_account
from messages.clients import ClientSnapshot
from messages.factures import Channel
from runtime.unit_of_work import UnitOfWork
from storage.factures.defaults import DEFAULTS


@dataclass(frozen=True, slots=True)
class Defaults:
    """Nothing but the general rules, unless read."""

    term: PaymentTerm = field(default_factory=PaymentTerm)
    channel: Channel = Channel.EMAIL
    articles: Mapping[UUID | None, Article] = field(default_factory=dict)
    ranges: Mapping[UUID | None, Sequence[UUID]] = field(default_factory=dict)
    accounts: Sequence[RevenueAccount] = ()

    def account_of(self, product_id: UUID | None) -> str | None:
        """The account a mapping names for a product; None stands for lines without product."""
        return mapped_account(product_id, self.ranges.get(product_id, ()), self.accounts)


async def defaults_of(
    client: ClientSnapshot, company_id: UUID, product_ids: Sequence[UUID | None], work: UnitOfWork
) -> Defaults:
    """All of it in one statement."""
    row = await work.fetch_one(
        DEFAULTS,
        organisation_id=work.organisation_id,
        company_id=company_id,
        term_id=client.default_payment_term.id if client.default_payment_term else None,
        product_ids=list({id_ for id_ in product_ids if id_ is not None}),
        today=work.today(),
    )
    assert row is not None, "a statement of scalars has one row"
    modes = row["modes"] or ()
    ranges: dict[UUID | None, list[UUID]] = {}
    for found in row["ranges"] or ():
        ranges.setdefault(UUID(found["product_id"]), []).append(UUID(found["range_id"]))
    return Defaults(
        term=term_of(client, row["terms"] or ()),
        channel=channel_of(client, modes[0]["channel"] if modes else None),
        articles={
            UUID(found["product_id"]): Article(found["sku"], _id(found["version_id"]))
            for found in row["products"] or ()
        },
        ranges=ranges,
        accounts=[_account_of(found) for found in row["accounts"] or ()],
    )


def _account_of(found: Mapping[str, Any]) -> RevenueAccount:
    ids = {name: _id(found[name]) for name in ("product_id", "range_id", "company_id")}
    return RevenueAccount(found["account"], **ids)


def _id(text: str | None) -> UUID | None:
    return UUID(text) if text else None

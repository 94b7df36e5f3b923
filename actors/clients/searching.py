"""Search over the word index (storage/clients/search.py): every token must be found; then names may be misspelt a little."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from pydantic_core import PydanticCustomError
from sqlalchemy import ColumnElement, CompoundSelect, Select, and_, any_, exists, func, intersect, or_, select, true

from actors.clients.rules.naming import search_name
from actors.clients.rules.searching import Token, beginning, tokens_of
from messages.clients import RecordState, SearchClients, StatusCategory
from messages.values.banking import checked_iban
from messages.values.contact import normalise_phone
from runtime.field_encryption import IndexKind
from runtime.unit_of_work import Row, UnitOfWork
from storage.clients import queries
from storage.clients.queries import late_amount, one_of
from storage.clients.tables import bank_details_ref, client, client_word
from storage.shared.statements import Statement

_MOST_RANKED: Final = 1000
"""How many matches are ranked; a query that finds more than that says too little to be ranked well."""
_COMMON: Final = 2000
_MANY: Final = 5000
_Holds = Callable[[Any], ColumnElement[bool]]
"""The condition that a word answers a token."""

# Words alike share trigrams; similarity() decides among those that share enough. 0.35: LEFEVRE finds LEFEBVRE (6/11).
_ALIKE = Statement(
    """
    select word from (
        select word, count(*) as shared from word_trigram
        where organisation_id = $1 and trigram = any(show_trgm($2)) group by word
    ) as candidate
    where shared >= 0.35 * cardinality(show_trgm($2)) and similarity(word, $2) >= 0.35
    order by similarity(word, $2) desc limit 50
    """,
    ("organisation_id", "word"),
    {},
)


async def search(request: SearchClients, work: UnitOfWork) -> list[Row]:
    """The rows of the best matches, ranked."""
    account = _account_in(request.query)
    if account is not None:
        work.caller.require("clients:bank_ref:search")
        return await _ranked(request, _holders_of(account, work), work)
    tokens = tokens_of(request.query)
    if not tokens:
        return []
    hits = await _ranked(request, await _found_by([_in_ranges(token) for token in tokens], work), work)
    if hits or not any(token.name for token in tokens):
        return hits
    return await _ranked(request, await _found_by([await _alike(token, work) for token in tokens], work), work)


async def with_words(words: Sequence[str], work: UnitOfWork) -> ColumnElement[bool]:
    """The condition that the client has, for each of these, a word that begins like it."""
    own = client_word.c
    holders, each = [], []
    for word in words:
        holds = _in_ranges(Token((beginning(word),)))
        holders.append(select(own.client_id).where(own.organisation_id == work.organisation_id, holds(own.word)))
        of_row = (own.organisation_id == client.c.organisation_id, own.client_id == client.c.id, holds(own.word))
        each.append(select(true()).where(*of_row).limit(1).scalar_subquery())
    return await among(intersect(*holders), and_(*each), work)


async def among(
    ids: Select[Any] | CompoundSelect[Any],
    of_row: ColumnElement[bool],
    work: UnitOfWork,
    *,
    at_most: Select[Any] | None = None,
) -> ColumnElement[bool]:
    """The condition that the client is one of `ids`, which is the same as `of_row`; `at_most` are as many, counted faster.

    Few are fetched by key and sorted; of many the list's own order soon meets a page full. A join leaves that choice to
    estimates, which are wrong where two words go together.
    """
    some = ids if at_most is None else at_most
    counted = select(func.count()).select_from(some.limit(_MANY + 1).subquery())
    if await work.fetch_value(counted) > _MANY:
        return of_row
    return client.c.id == any_(func.array(ids.scalar_subquery()))


# -- steps -------------------------------------------------------------------------------------------------------


def _account_in(query: str) -> str | None:
    try:
        return checked_iban(query)
    except PydanticCustomError:
        return None


def _holders_of(iban: str, work: UnitOfWork) -> Select[Any]:
    account = bank_details_ref.c
    return select(account.client_id).where(
        account.organisation_id == work.organisation_id,
        account.iban_fingerprint == work.keys.fingerprint(IndexKind.IBAN, iban),
    )


def _in_ranges(token: Token) -> _Holds:
    return lambda word: or_(*(and_(word >= low, word < high) for low, high in token.ranges))


async def _alike(token: Token, work: UnitOfWork) -> _Holds:
    if token.name is None:
        return _in_ranges(token)
    words = [row["word"] for row in await work.fetch(_ALIKE, organisation_id=work.organisation_id, word=token.name)]
    return lambda word: one_of(word, words)


async def _found_by(tokens: list[_Holds], work: UnitOfWork) -> Any:
    """The clients that have a word for every token: those of the rarest one are asked for the others."""
    own = client_word.alias("own")
    first, *others = await _rarest_first(tokens, work)
    wanted = select(own.c.client_id).where(own.c.organisation_id == work.organisation_id, first(own.c.word))
    for number, holds in enumerate(others):
        other = client_word.alias(f"other_{number}")
        wanted = wanted.where(
            exists().where(
                other.c.organisation_id == own.c.organisation_id,
                other.c.client_id == own.c.client_id,
                holds(other.c.word),
            )
        )
    return wanted


async def _rarest_first(tokens: list[_Holds], work: UnitOfWork) -> list[_Holds]:
    """Tokens by how many clients have them; beyond a bound they are all common."""
    if len(tokens) == 1:
        return tokens
    counts = []
    for holds in tokens:
        own = client_word.c
        some = select(own.client_id).where(own.organisation_id == work.organisation_id, holds(own.word))
        bounded = some.limit(_COMMON).subquery()
        counts.append(select(func.count()).select_from(bounded).scalar_subquery())
    row = await work.fetch_one(select(*(count.label(f"count_{number}") for number, count in enumerate(counts))))
    assert row is not None
    order = sorted(range(len(tokens)), key=lambda number: row[f"count_{number}"])
    return [tokens[number] for number in order]


async def _ranked(request: SearchClients, ids: Any, work: UnitOfWork) -> list[Row]:
    """The best of the matches first; what else is shown is worked out for those alone, not for all that were ranked."""
    found = ids.limit(_MOST_RANKED).subquery()
    own = client.alias("candidate").c
    score = _score(request.query, own).label("score")
    states = (RecordState.LIVE, RecordState.ARCHIVED) if request.archived else (RecordState.LIVE,)
    candidates = select(own.id, score).where(
        own.organisation_id == work.organisation_id,
        own.id.in_(select(found.c[0])),
        one_of(own.record_state, states),
    )
    if work.caller.company_ids is not None:
        candidates = candidates.where(one_of(own.company_id, work.caller.company_ids))
    best = candidates.order_by(score.desc(), own.display_name, own.id).limit(request.limit).subquery("best")
    wanted = queries.SUMMARY.add_columns(best.c.score, late_amount(work.today()).label("overdue_amount"))
    wanted = wanted.join(best, best.c.id == client.c.id).where(client.c.organisation_id == work.organisation_id)
    return await work.fetch(wanted.order_by(best.c.score.desc(), client.c.display_name, client.c.id))


def _score(query: str, own: Any) -> ColumnElement[Any]:
    """100 for an identifier typed in full, up to 5 for a similar name, 2 for a client in business."""
    exact = query.strip()
    phone = _phone_in(exact)
    is_exact = or_(
        own.client_code == exact.upper(),
        own.siren == exact,
        own.siret == exact,
        func.lower(own.primary_email) == exact.lower(),
        own.primary_phone == phone,
    )
    in_business = one_of(own.status_category, (StatusCategory.ACTIVE, StatusCategory.OVERDUE))
    return (
        100 * func.coalesce(is_exact, False).cast(queries.INTEGER)
        + 5 * func.similarity(own.search_name, search_name(query, business=False))
        + 2 * in_business.cast(queries.INTEGER)
    )


def _phone_in(text: str) -> str | None:
    try:
        return normalise_phone(text)
    except PydanticCustomError:
        return None

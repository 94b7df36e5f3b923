"""Which contracts a search means, found through the words of references and of clients' names."""

import re
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, intersect, select, union

from messages.problem import Refused
from messages.values.text import search_form
from runtime.unit_of_work import UnitOfWork
from storage.contrats.tables import client_word, contract, contract_word

_AFTER_ALL = "\U0010ffff"


def with_words(text: str, work: UnitOfWork) -> ColumnElement[bool]:
    """Each word of the text begins one of the contract's reference, partner's number or title; or each one of its client's name."""
    words = [word for word in re.split("[^a-z0-9]+", search_form(text)) if word]
    if max(map(len, words), default=0) < 2:
        raise Refused.field("search", "too_short", "search for at least two letters or digits")
    theirs = contract.alias("theirs")
    of_clients = select(theirs.c.id).where(
        theirs.c.organisation_id == work.organisation_id,
        theirs.c.client_id.in_(_holders(client_word, client_word.c.client_id, words, work)),
    )
    return contract.c.id.in_(union(_holders(contract_word, contract_word.c.contract_id, words, work), of_clients))


def _holders(table: Table, holder: ColumnElement[Any], words: list[str], work: UnitOfWork) -> Select[Any]:
    """The ids that have, for each word, one that begins like it."""
    found = [
        select(holder.label("id")).where(
            table.c.organisation_id == work.organisation_id, table.c.word >= word, table.c.word < word + _AFTER_ALL
        )
        for word in words
    ]
    return select(intersect(*found).subquery().c.id) if len(found) > 1 else found[0]

"""Which documents a search means: found by their number, their contract's reference or the words of their client's name."""

import re

from sqlalchemy import ColumnElement, intersect, select, union

from messages.problem import Refused
from messages.values.text import search_form
from runtime.unit_of_work import UnitOfWork
from storage.factures.tables import client_word, invoice

_AFTER_ALL = "\U0010ffff"
"""Sorts after every character of a text."""


def begins_with(column: ColumnElement[str], prefix: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """A prefix as a range of bytes: row-level security keeps LIKE from using an index, comparisons may."""
    return column >= prefix, column < prefix + _AFTER_ALL


def with_words(text: str, work: UnitOfWork) -> ColumnElement[bool]:
    """The text begins the number or the contract's reference; or each of its words begins one of the client's name."""
    words = [word for word in re.split("[^a-z0-9]+", search_form(text)) if word]
    if max(map(len, words), default=0) < 2:
        raise Refused.field("search", "too_short", "search for at least two letters or digits")
    found = invoice.alias("found").c
    of = select(found.id).where(found.organisation_id == work.organisation_id)
    written = text.strip().upper()
    named = [
        select(client_word.c.client_id).where(
            client_word.c.organisation_id == work.organisation_id, *begins_with(client_word.c.word, word)
        )
        for word in words
    ]
    clients = select(intersect(*named).subquery().c.client_id) if len(named) > 1 else named[0]
    return invoice.c.id.in_(
        union(
            of.where(*begins_with(found.number, written)),
            of.where(*begins_with(found.contract_reference, written)),
            of.where(found.client_id.in_(clients)),
        )
    )

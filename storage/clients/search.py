"""The index search reads: one row per word of a client, kept by triggers.

Row-level security lets PostgreSQL use an index only with leakproof operators: LIKE, full-text and trigram operators are not, so
their indexes stay unused and every search reads all clients of the organisation. Comparisons of "C" texts are leakproof: words
are found by equality and by ranges (a prefix is a range), misspelt words over the trigrams of the vocabulary.
"""

from sqlalchemy import Column, Index, PrimaryKeyConstraint, Table, Text

from storage.clients.references import metadata
from storage.columns import reference, tenant
from storage.tenancy import TENANT

_BYTES = Text(collation="C")

client_word = Table(
    "client_word",
    metadata,
    tenant(),
    Column(
        "word", _BYTES, nullable=False, comment="upper case; a number also backwards after '<', to be found by its end"
    ),
    reference("client_id"),
    PrimaryKeyConstraint("organisation_id", "word", "client_id"),
    Index("ix_client_word_client", "organisation_id", "client_id", "word"),
    info=TENANT,
)

word_trigram = Table(
    "word_trigram",
    metadata,
    tenant(),
    Column("trigram", _BYTES, nullable=False),
    Column("word", _BYTES, nullable=False),
    PrimaryKeyConstraint("organisation_id", "trigram", "word"),
    comment="the vocabulary of names by their trigrams; words that no client has any more do no harm",
    info=TENANT,
)

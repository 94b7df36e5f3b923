"""The words a product is found by: one row per word of SKU and names, per tag, and per word that is said of it.
A trigger keeps them.

Row-level security lets PostgreSQL use an index only with leakproof operators: those of LIKE, trigrams and arrays are not, so
a search would read all products of the organisation. Comparisons of "C" texts are: a beginning is a range.
"""

from sqlalchemy import Column, Index, PrimaryKeyConstraint, Table, Text

from storage.columns import reference, tenant
from storage.products.tables.metadata import metadata
from storage.tenancy import TENANT

product_word = Table(
    "product_word",
    metadata,
    tenant(),
    Column(
        "word",
        Text(collation="C"),
        nullable=False,
        comment="lower case, no accents; a tag after '#', what is said after '~'",
    ),
    reference("product_id"),
    PrimaryKeyConstraint("organisation_id", "word", "product_id"),
    Index("ix_product_word_product", "organisation_id", "product_id"),
    info=TENANT,
)

"""The words a contract is found by: those of its reference and those of its client's name, kept by triggers.

Row-level security lets PostgreSQL use an index only with leakproof operators: those of LIKE and trigrams are not, so a search
would read all contracts of the organisation. Comparisons of "C" texts are: a beginning is a range. Erasing a client's name takes
its words away.
"""

from sqlalchemy import Column, Index, PrimaryKeyConstraint, Table, Text

from storage.columns import reference, tenant
from storage.contrats.tables.metadata import metadata
from storage.tenancy import TENANT

contract_word = Table(
    "contract_word",
    metadata,
    tenant(),
    Column("word", Text(collation="C"), nullable=False, comment="lower case"),
    reference("contract_id"),
    PrimaryKeyConstraint("organisation_id", "word", "contract_id"),
    Index("ix_contract_word_contract", "organisation_id", "contract_id"),
    info=TENANT,
)

client_word = Table(
    "client_word",
    metadata,
    tenant(),
    Column("word", Text(collation="C"), nullable=False, comment="lower case, no accents"),
    reference("client_id"),
    PrimaryKeyConstraint("organisation_id", "word", "client_id"),
    Index("ix_client_word_client", "organisation_id", "client_id"),
    info=TENANT,
)

"""What payments keeps encrypted: account numbers and bank files."""

import base64
import zlib
from typing import Any
from uuid import UUID

from runtime.field_encryption import IndexKind
from runtime.keys import Keys
from runtime.unit_of_work import Row

_DOMAIN = "BANK"


async def sealed_iban(iban: str, *, table: str, row_id: UUID, organisation_id: UUID, keys: Keys) -> dict[str, Any]:
    """The columns of an account number: encrypted, and its fingerprint, which is the same in every actor."""
    return {
        "iban": await keys.encrypt(
            iban, organisation_id=organisation_id, domain=_DOMAIN, table=table, column="iban", row_id=row_id
        ),
        "iban_fingerprint": keys.fingerprint(IndexKind.IBAN, iban),
    }


async def opened_iban(row: Row, *, table: str, keys: Keys, column: str = "iban", id_column: str = "id") -> str:
    """The clear account number of a row."""
    return await keys.decrypt(
        row[column],
        organisation_id=row["organisation_id"],
        domain=_DOMAIN,
        table=table,
        column="iban",
        row_id=row[id_column],
    )


async def sealed_file(content: bytes, *, row_id: UUID, organisation_id: UUID, keys: Keys) -> bytes:
    """A file, compressed and encrypted."""
    text = base64.b64encode(zlib.compress(content, 6)).decode()
    return await keys.encrypt(
        text, organisation_id=organisation_id, domain=_DOMAIN, table="stored_file", column="content", row_id=row_id
    )


async def opened_file(blob: bytes, *, row_id: UUID, organisation_id: UUID, keys: Keys) -> bytes:
    """The clear file."""
    text = await keys.decrypt(
        blob, organisation_id=organisation_id, domain=_DOMAIN, table="stored_file", column="content", row_id=row_id
    )
    return zlib.decompress(base64.b64decode(text))

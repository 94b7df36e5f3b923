"""Bytes in the actor's own database: they commit with their document, so neither can exist without the other."""

from runtime.unit_of_work import UnitOfWork
from storage.documents import queries


class DatabaseContent:
    """The driver DATABASE: rows of `content`, one per tenant and sha256."""

    driver = "DATABASE"

    async def put_if_absent(self, sha256: str, content: bytes, work: UnitOfWork) -> None:
        """Insert the bytes unless the tenant holds them."""
        await work.execute(queries.PUT_BYTES, organisation_id=work.organisation_id, sha256=sha256, bytes=content)

    async def part(self, sha256: str, offset: int, length: int, work: UnitOfWork) -> bytes | None:
        """Read a part of the row; uncompressed storage makes this a seek."""
        found: bytes | None = await work.fetch_value(
            queries.BYTES_FROM, organisation_id=work.organisation_id, sha256=sha256, start=offset + 1, length=length
        )
        return found

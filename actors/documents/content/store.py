"""The port of the bytes: one object per tenant and sha256, written once, never changed."""

from typing import Protocol

from runtime.unit_of_work import UnitOfWork


class ContentStore(Protocol):
    """Keeps bytes under their sha256. The name is the content, so writing twice is harmless."""

    driver: str

    async def put_if_absent(self, sha256: str, content: bytes, work: UnitOfWork) -> None:
        """Keep the bytes of the work's organisation; they are there when the transaction commits."""

    async def part(self, sha256: str, offset: int, length: int, work: UnitOfWork) -> bytes | None:
        """At most `length` bytes from `offset`; None when nothing is kept under that name."""

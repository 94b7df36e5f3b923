"""The chain of seals: every issued document of a company hashes its content and the seal before it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import rfc8785

from actors.factures.rules.amounts import VatAmount
from messages.values.instants import format_instant

GENESIS = "0" * 64


@dataclass(frozen=True, slots=True)
class SealedContent:
    """What a seal vouches for."""

    company_id: UUID
    seq: int
    document_id: UUID
    number: str
    type_code: str
    issue_date: date
    issued_at: datetime
    currency: str
    client_id: UUID
    net: Decimal
    vat: Decimal
    gross: Decimal
    due: Decimal
    breakdown: Sequence[VatAmount]
    preceding: Sequence[str]
    xml_sha256: str
    pdf_sha256: str

    def canonical(self) -> str:
        """RFC 8785 JSON; amounts as text, the breakdown by category and numeric rate."""
        rows = sorted(self.breakdown, key=lambda row: (row.key.category, row.key.rate))
        content: dict[str, Any] = {
            "v": 1,
            "company_id": str(self.company_id),
            "seq": self.seq,
            "document_id": str(self.document_id),
            "number": self.number,
            "type_code": self.type_code,
            "issue_date": self.issue_date.isoformat(),
            "issued_at": format_instant(self.issued_at),
            "currency": self.currency,
            "client_id": str(self.client_id),
            "net": f"{self.net:.2f}",
            "vat": f"{self.vat:.2f}",
            "gross": f"{self.gross:.2f}",
            "due": f"{self.due:.2f}",
            "vat_breakdown": [
                {
                    "category": row.key.category,
                    "rate": f"{row.key.rate:.2f}",
                    "base": f"{row.base:.2f}",
                    "amount": f"{row.amount:.2f}",
                }
                for row in rows
            ],
            "preceding": list(self.preceding),
            "xml_sha256": self.xml_sha256,
            "pdf_sha256": self.pdf_sha256,
        }
        return rfc8785.dumps(content).decode()


def seal_hash(previous: str, canonical: str) -> str:
    """The next link: SHA-256 of the previous seal, a line feed and the canonical content."""
    return hashlib.sha256(f"{previous}\n{canonical}".encode()).hexdigest()

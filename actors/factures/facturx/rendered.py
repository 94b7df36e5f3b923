"""What rendering gives, without the tools that render: the actor itself never loads those."""

import hashlib
from dataclasses import dataclass
from importlib.metadata import version

ENGINE = f"typst/{version('typst')}"
TEMPLATE_VERSION = 1


@dataclass(frozen=True, slots=True)
class Rendered:
    """The files of a document, or why the XML is not valid."""

    xml: bytes
    pdf: bytes
    page_count: int
    errors: tuple[tuple[str, str], ...] = ()
    """Rule and message, when the XML is not valid."""

    @property
    def xml_sha256(self) -> str:
        """What the seal vouches for, XML side."""
        return hashlib.sha256(self.xml).hexdigest()

    @property
    def pdf_sha256(self) -> str:
        """What the seal vouches for, PDF side."""
        return hashlib.sha256(self.pdf).hexdigest()

"""The seeded templates: which layout sets what, what an order must give, and which is taken for an unknown key."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from messages.documents import DocumentTemplate, DocumentType, RenderPurpose


@dataclass(frozen=True, slots=True)
class Template:
    """One published version. `variables` are dotted paths into the order's data."""

    key: str
    purpose: RenderPurpose
    layout: str
    title: str
    variables: tuple[str, ...]
    number: int = 1
    locale: str = "fr"

    @property
    def document_type(self) -> DocumentType:
        """What the rendered file is."""
        return DOCUMENT_TYPES[self.purpose]

    def missing(self, data: Mapping[str, Any]) -> tuple[str, ...]:
        """The variables that the data does not give."""
        return tuple(path for path in self.variables if _at(data, path) in (None, "", [], {}))

    def shown(self) -> DocumentTemplate:
        """As requests answer it."""
        return DocumentTemplate(
            key=self.key,
            purpose=self.purpose,
            document_type=self.document_type,
            locale=self.locale,
            number=self.number,
            variables=self.variables,
        )


DOCUMENT_TYPES = {
    RenderPurpose.CONTRACT_SIGNATURE: DocumentType.CONTRACT,
    RenderPurpose.AMENDMENT: DocumentType.CONTRACT,
    RenderPurpose.MANDATE: DocumentType.MANDATE,
    RenderPurpose.FORMAL_NOTICE: DocumentType.DUNNING_LETTER,
    RenderPurpose.REMINDER_LETTER: DocumentType.DUNNING_LETTER,
    RenderPurpose.TERMINATION_LETTER: DocumentType.LETTER,
    RenderPurpose.RENEWAL_NOTICE: DocumentType.LETTER,
    RenderPurpose.STATEMENT: DocumentType.COMMISSION_STATEMENT,
}

_CONTRACT = (
    "contract.reference", "contract.starts_on", "contract.billing_frequency", "contract.recurring_net", "contract.recurring_gross",
    "contract.lines",
)  # fmt: skip
_LETTER = ("recipient.address_lines", "subject", "paragraphs")

SEEDS = {
    template.key: template
    for template in (
        Template("contract.standard", RenderPurpose.CONTRACT_SIGNATURE, "contract", "Contrat", _CONTRACT),
        Template("contract.amendment", RenderPurpose.AMENDMENT, "contract", "Avenant au contrat", _CONTRACT),
        Template(
            "mandate.sepa",
            RenderPurpose.MANDATE,
            "mandate",
            "Mandat de prélèvement SEPA",
            ("rum", "creditor_identifier", "creditor_name"),
        ),
        Template("letter.formal_notice", RenderPurpose.FORMAL_NOTICE, "letter", "Mise en demeure", (*_LETTER, "items")),
        Template("letter.reminder", RenderPurpose.REMINDER_LETTER, "letter", "Rappel", (*_LETTER, "items")),
        Template("letter.termination", RenderPurpose.TERMINATION_LETTER, "letter", "Résiliation", _LETTER),
        Template("letter.renewal_notice", RenderPurpose.RENEWAL_NOTICE, "letter", "Reconduction", _LETTER),
        Template(
            "commission_statement",
            RenderPurpose.STATEMENT,
            "statement",
            "Relevé de commissions",
            ("number", "representative", "columns", "rows"),
        ),
    )
}
_BY_PURPOSE = {template.purpose: template for template in SEEDS.values()}


def template_for(key: str, purpose: RenderPurpose) -> Template:
    """The template of that key if it serves the purpose, else the purpose's own."""
    named = SEEDS.get(key)
    return named if named is not None and named.purpose is purpose else _BY_PURPOSE[purpose]


def _at(data: Mapping[str, Any], path: str) -> Any:
    found: Any = data
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found

"""The mentions the law wants on a document (spec 6.9), as coded notes and printed sentences."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from messages.factures.values import Nature, Processing
from messages.shared import PartyKind

RECOVERY_INDEMNITY: Final = Decimal("40.00")
"""Code de commerce art. D441-5."""

NATURE_SENTENCES: Final = {
    Nature.GOODS: "Nature de l'opération : livraison de biens",
    Nature.SERVICES: "Nature de l'opération : prestation de services",
    Nature.MIXED: "Nature de l'opération : livraison de biens et prestation de services",
}
DEBITS_OPTION: Final = "Option pour le paiement de la taxe d'après les débits"


@dataclass(frozen=True, slots=True)
class Mention:
    """A sentence, its UNTDID 4451 code when it travels in the XML, and whether the PDF prints it here."""

    text: str
    code: str | None = None
    printed: bool = True


@dataclass(frozen=True, slots=True)
class MentionFacts:
    """What the set of mentions depends on."""

    buyer_kind: PartyKind
    nature: Nature
    processing: Processing
    vat_on_debits: bool
    is_credit_note: bool
    legal_form_line: str | None
    rcs_line: str | None
    mediator_name: str | None
    mediator_url: str | None
    extra: str | None
    late_interest: Decimal
    """The yearly rate between businesses."""


def mentions(facts: MentionFacts) -> list[Mention]:
    """All mentions of a document, each code at most once."""
    found = _identity(facts)
    if facts.buyer_kind is PartyKind.CONSUMER:
        found += _for_consumers(facts)
    else:
        found += _for_businesses(facts)
    if facts.vat_on_debits and facts.nature is not Nature.GOODS:
        found.append(Mention(DEBITS_OPTION))
    if facts.processing in {Processing.B2B, Processing.B2C}:
        found.append(Mention(facts.processing.value, "BAR", printed=False))
    if facts.extra:
        found.append(Mention(facts.extra))
    return found


def _identity(facts: MentionFacts) -> list[Mention]:
    pairs = (("REG", facts.legal_form_line), ("ABL", facts.rcs_line))
    return [Mention(text, code, printed=False) for code, text in pairs if text]


def _for_businesses(facts: MentionFacts) -> list[Mention]:
    rate = f"{facts.late_interest:.2f}".replace(".", ",")
    return [
        Mention("Pas d'escompte pour paiement anticipé.", "AAB"),
        Mention(
            f"Pénalités de retard au taux annuel de {rate} %, exigibles sans rappel (art. L441-10 C. com.).", "PMD"
        ),
        Mention("Indemnité forfaitaire pour frais de recouvrement : 40,00 € (art. D441-5 C. com.).", "PMT"),
    ]


def _for_consumers(facts: MentionFacts) -> list[Mention]:
    found = [Mention("Pas d'escompte pour paiement anticipé.")]
    if facts.nature is not Nature.SERVICES and not facts.is_credit_note:
        found.append(
            Mention("Garantie légale de conformité de deux ans pour les biens (art. L217-3 et suivants C. conso.).")
        )
    if facts.mediator_name:
        site = f" ({facts.mediator_url})" if facts.mediator_url else ""
        found.append(Mention(f"Médiateur de la consommation : {facts.mediator_name}{site}."))
    return found

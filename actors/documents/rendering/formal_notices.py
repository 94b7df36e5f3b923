"""What a formal notice says, in French; modelled on CPCE art. R124-4. Pure."""

from decimal import Decimal
from typing import Any

from messages.payments import FormalNoticeRequested
from messages.shared import Party

# Code des procédures civiles d'exécution, art. L111-8, paragraphs 2 and 3: must stand in what a consumer is sent.
_CONSUMER_COSTS = (
    "Article L. 111-8 du code des procédures civiles d'exécution : « Les frais de recouvrement entrepris sans titre "
    "exécutoire restent à la charge du créancier, sauf s'ils concernent un acte dont l'accomplissement est prescrit par la "
    "loi au créancier. Toute stipulation contraire est réputée non écrite, sauf disposition législative contraire. "
    "Cependant, le créancier qui justifie du caractère nécessaire des démarches entreprises pour recouvrer sa créance peut "
    "demander au juge de l'exécution de laisser tout ou partie des frais ainsi exposés à la charge du débiteur de mauvaise "
    "foi. »"
)


def data_of(order: FormalNoticeRequested) -> dict[str, Any]:
    """The letter's data: whom, what is owed and why, until when, how to pay, how to dispute."""
    return {
        "recipient": {"address_lines": _lines(order.recipient)},
        "references": {"Dossier": order.case_number, "Envoi": "Lettre recommandée avec avis de réception"},
        "subject": "Mise en demeure de payer",
        "paragraphs": [
            "Malgré nos messages, les sommes détaillées ci-dessous, échues au titre de votre contrat, restent impayées.",
            f"Par la présente lettre, qui vaut mise en demeure, nous vous demandons de les régler dans un délai de "
            f"{order.deadline_days} jours à compter de son envoi.",
        ],
        "items": [
            {
                "number": item.invoice_number or "-",
                "due_date": item.due_date.isoformat(),
                "amount": item.principal.model_dump(mode="json"),
            }
            for item in order.items
        ],
        "total": order.total.model_dump(mode="json"),
        "closing": _closing(order),
    }


def _closing(order: FormalNoticeRequested) -> list[str]:
    closing = [
        _accessories(order),
        f"Vous pouvez payer par virement ou par carte en rappelant le dossier {order.case_number}. Si vous avez réglé "
        "entre-temps, ne tenez pas compte de cette lettre.",
        "À défaut de paiement dans ce délai, nous pourrons recourir aux voies de droit pour recouvrer notre créance.",
        "Si vous contestez cette dette, écrivez-nous à l'adresse qui figure en tête de cette lettre, en en donnant les motifs.",
    ]
    return [*closing, _CONSUMER_COSTS] if order.consumer else closing


def _accessories(order: FormalNoticeRequested) -> str:
    interest = sum((item.interest.amount for item in order.items), Decimal(0))
    charges = sum((item.charges.amount for item in order.items), Decimal(0))
    if not interest and not charges:
        return "Ce total est le principal de la dette ; ni intérêts ni frais ne vous sont demandés dans cette lettre."
    principal = order.total.amount - interest - charges
    return (
        f"Ce total comprend {_euros(principal)} de principal, {_euros(interest)} d'intérêts de retard et {_euros(charges)} "
        "d'indemnités forfaitaires pour frais de recouvrement (articles L. 441-10 et D. 441-5 du code de commerce) ; "
        "aucun autre frais ne vous est demandé."
    )


def _euros(amount: Decimal) -> str:
    return f"{amount:.2f}".replace(".", ",") + " €"


def _lines(party: Party) -> list[str]:
    address = party.address
    assert address is not None  # payments orders no notice without one
    country = [] if address.country_code == "FR" else [address.country_code]
    lines = [
        party.display_name, address.complement, address.street, address.locality,
        f"{address.postal_code} {address.city}", *country,
    ]  # fmt: skip
    return [line for line in lines if line]

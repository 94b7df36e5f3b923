"""The words of the pages, in the languages they speak."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final

from babel.dates import format_date, format_datetime
from babel.numbers import format_currency

from messages.values.instants import PARIS
from messages.values.money import Money

LANGUAGES: Final = ("fr", "en")

TEXTS: Final[Mapping[str, Mapping[str, str]]] = {
    "fr": {
        "language": "Langue",
        "other_language": "English",
        "skip": "Aller au contenu",
        "pay_title": "Votre paiement",
        "to_pay": "À payer : {amount}",
        "payee": "Bénéficiaire",
        "purpose": "Objet",
        "items": "Ce que vous payez",
        "invoice": "Facture",
        "due": "Échéance",
        "open": "Reste à payer",
        "without_number": "Échéance sans facture",
        "partial": "Vous réglez une partie de ces sommes avec ce lien.",
        "debit": "Un prélèvement de ces sommes est prévu le {day}. Si vous payez maintenant, il sera annulé ou remboursé.",
        "transfer": "Payer par virement",
        "transfer_how": "Indiquez la référence dans le motif du virement : elle rattache votre paiement à votre dossier.",
        "holder": "Titulaire du compte",
        "reference": "Référence",
        "nothing_offered": "Aucun moyen de paiement en ligne n'est proposé ici. Adressez-vous à {company}.",
        "until": "Ce lien est valable jusqu'au {moment} (heure de Paris).",
        "paid_title": "C'est payé",
        "paid": "Cette somme est déjà réglée. Vous n'avez rien d'autre à faire.",
        "expired_title": "Lien expiré",
        "expired": "Ce lien n'est plus valable. Demandez-en un nouveau à l'expéditeur de votre message.",
        "revoked_title": "Lien retiré",
        "revoked": "Ce lien a été retiré. Demandez-en un nouveau à l'expéditeur de votre message.",
        "used_title": "Lien déjà utilisé",
        "used": "Ce lien a déjà servi. Demandez-en un nouveau à l'expéditeur de votre message.",
        "unknown_title": "Lien inconnu",
        "unknown": "Ce lien est incomplet ou n'existe pas. Copiez-le en entier depuis votre message.",
        "busy_title": "Trop de demandes",
        "busy": "Patientez une minute, puis rechargez cette page.",
        "unavailable_title": "Service indisponible",
        "unavailable": "Le service ne répond pas pour le moment. Rien n'a été débité ; réessayez dans quelques minutes.",
    },
    "en": {
        "language": "Language",
        "other_language": "Français",
        "skip": "Skip to content",
        "pay_title": "Your payment",
        "to_pay": "To pay: {amount}",
        "payee": "Payee",
        "purpose": "For",
        "items": "What you pay",
        "invoice": "Invoice",
        "due": "Due",
        "open": "Left to pay",
        "without_number": "Instalment without invoice",
        "partial": "With this link you pay a part of these amounts.",
        "debit": "A direct debit of these amounts is planned for {day}. If you pay now, it is cancelled or refunded.",
        "transfer": "Pay by bank transfer",
        "transfer_how": "Give the reference as the message of your transfer: it leads your payment to your file.",
        "holder": "Account holder",
        "reference": "Reference",
        "nothing_offered": "No way to pay online is offered here. Please contact {company}.",
        "until": "This link is valid until {moment} (Paris time).",
        "paid_title": "Paid",
        "paid": "This amount is settled. There is nothing else for you to do.",
        "expired_title": "Link expired",
        "expired": "This link is no longer valid. Ask the sender of your message for a new one.",
        "revoked_title": "Link withdrawn",
        "revoked": "This link was withdrawn. Ask the sender of your message for a new one.",
        "used_title": "Link already used",
        "used": "This link has served. Ask the sender of your message for a new one.",
        "unknown_title": "Unknown link",
        "unknown": "This link is incomplete or does not exist. Copy the whole of it from your message.",
        "busy_title": "Too many requests",
        "busy": "Wait a minute, then reload this page.",
        "unavailable_title": "Service unavailable",
        "unavailable": "The service does not answer at the moment. Nothing was charged; try again in a few minutes.",
    },
}


def language_of(chosen: str | None, accept_language: str | None) -> str:
    """What the visitor chose, else the first language of his browser that the pages speak, else French."""
    wanted = [chosen or ""]
    wanted += [part.partition(";")[0].strip().partition("-")[0].lower() for part in (accept_language or "").split(",")]
    return next((language for language in wanted if language in LANGUAGES), LANGUAGES[0])


def money_text(money: Money, language: str) -> str:
    """`24,90 €` or `€24.90`."""
    return format_currency(money.amount, money.currency, locale=language)


def day_text(day: date, language: str) -> str:
    """`5 mai 2026` or `May 5, 2026`."""
    return format_date(day, "long", locale=language)


def moment_text(moment: datetime, language: str) -> str:
    """`5 mai 2026, 14:30`, by the clock of Paris."""
    return format_datetime(moment, "d MMMM y, HH:mm", tzinfo=PARIS, locale=language)

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
        "pay_by_card": "Payer {amount} par carte",
        "card_how": "Vous saisissez votre carte sur la page sécurisée de notre prestataire de paiement. Nous n'en voyons rien.",
        "pay_by_debit": "Payer {amount} par prélèvement",
        "debit_how": "{company} débitera votre compte le {day}, en vertu du mandat que vous avez signé.",
        "debited_account": "Compte débité",
        "mandate": "Référence du mandat",
        "creditor": "Identifiant du créancier",
        "ordered_title": "Prélèvement demandé",
        "ordered": "Votre prélèvement de {amount} par {company} est demandé. Ne payez pas une seconde fois.",
        "on_its_way_title": "Prélèvement demandé",
        "on_its_way": "Le prélèvement de cette somme est demandé. Vous n'avez rien d'autre à faire.",
        "card_title": "Votre carte",
        "new_card": "Enregistrer une autre carte",
        "new_card_how": "Vos prochains paiements seront pris sur cette carte. Rien n'est débité maintenant.",
        "saved_title": "Carte enregistrée",
        "saved": "Merci. {company} prendra vos prochains paiements sur cette carte.",
        "kept_title": "Carte enregistrée",
        "kept": "Votre carte est enregistrée. Vous n'avez rien d'autre à faire.",
        "saving_title": "Enregistrement en cours",
        "saving": "L'enregistrement de votre carte n'est pas encore confirmé.",
        "continue": "Continuer ce que vous avez commencé",
        "continue_how": "La page de notre prestataire de paiement est encore ouverte",
        "go_title": "Vers la page de paiement",
        "go": "La page sécurisée de notre prestataire de paiement s'ouvre.",
        "go_link": "Ouvrir la page de paiement",
        "preparing_title": "Page de paiement en préparation",
        "preparing": "La page de paiement n'est pas encore prête ; rien n'a été débité. Rouvrez votre lien dans un instant.",
        "received_title": "Paiement reçu",
        "received": "Merci. Votre paiement de {amount} à {company} est confirmé.",
        "pending_title": "Paiement en cours",
        "pending": "Votre paiement de {amount} à {company} n'est pas encore confirmé. Ne payez pas une seconde fois.",
        "declined_title": "Paiement refusé",
        "declined": "Votre banque a refusé le paiement de {amount}. Rien n'a été débité.",
        "abandoned_title": "Non terminé",
        "abandoned": "Vous n'êtes pas allé jusqu'au bout. Rien n'a été débité.",
        "failed_title": "Paiement impossible pour le moment",
        "failed": "La page de paiement n'a pas pu s'ouvrir. Rien n'a été débité ; cet essai ne compte pas.",
        "back_to_link": "Revenir à votre lien de paiement",
        "refresh": "Actualiser cette page",
        "live_title": "Un paiement est déjà en cours",
        "live": "Quelqu'un paie déjà cette somme. Terminez ce paiement, ou attendez une demi-heure s'il a été abandonné.",
        "blocked_title": "Paiement par carte impossible",
        "blocked": "Cette somme ne peut pas être payée ici par carte. Adressez-vous à l'expéditeur de votre message.",
        "form_title": "Formulaire périmé",
        "form": "Ce formulaire a déjà été envoyé, ou la page était ouverte ailleurs. Ouvrez de nouveau votre lien.",
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
        "pay_by_card": "Pay {amount} by card",
        "card_how": "You enter your card on the secure page of our payment provider. We see nothing of it.",
        "pay_by_debit": "Pay {amount} by direct debit",
        "debit_how": "{company} will debit your account on {day}, under the mandate that you signed.",
        "debited_account": "Debited account",
        "mandate": "Mandate reference",
        "creditor": "Creditor identifier",
        "ordered_title": "Direct debit ordered",
        "ordered": "Your direct debit of {amount} by {company} is ordered. Do not pay a second time.",
        "on_its_way_title": "Direct debit ordered",
        "on_its_way": "The direct debit of this amount is ordered. There is nothing else for you to do.",
        "card_title": "Your card",
        "new_card": "Save another card",
        "new_card_how": "Your next payments will be taken from this card. Nothing is charged now.",
        "saved_title": "Card saved",
        "saved": "Thank you. {company} will take your next payments from this card.",
        "kept_title": "Card saved",
        "kept": "Your card is saved. There is nothing else for you to do.",
        "saving_title": "Being saved",
        "saving": "The saving of your card is not confirmed yet.",
        "continue": "Continue what you began",
        "continue_how": "The page of our payment provider is still open",
        "go_title": "To the payment page",
        "go": "The secure page of our payment provider opens.",
        "go_link": "Open the payment page",
        "preparing_title": "The payment page is being prepared",
        "preparing": "The payment page is not ready yet. Nothing was charged. Open your link again in a moment.",
        "received_title": "Payment received",
        "received": "Thank you. Your payment of {amount} to {company} is confirmed.",
        "pending_title": "Payment under way",
        "pending": "Your payment of {amount} to {company} is not confirmed yet. Do not pay a second time.",
        "declined_title": "Payment refused",
        "declined": "Your bank refused the payment of {amount}. Nothing was charged.",
        "abandoned_title": "Not finished",
        "abandoned": "You did not go through with it. Nothing was charged.",
        "failed_title": "Payment not possible at the moment",
        "failed": "The payment page could not be opened. Nothing was charged; this try does not count.",
        "back_to_link": "Back to your payment link",
        "refresh": "Refresh this page",
        "live_title": "A payment is under way",
        "live": "Somebody is paying this amount already. Finish that payment, or wait half an hour if it was given up.",
        "blocked_title": "Card payment not possible",
        "blocked": "This amount cannot be paid here by card. Please contact the sender of your message.",
        "form_title": "Form out of date",
        "form": "This form was sent already, or the page was open elsewhere. Open your link again.",
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

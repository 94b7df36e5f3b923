"""The SEPA reason codes and the declines of cards: what each means, whether to try again, and what it does to the mandate.

Names and meanings: ISO 20022 external code sets, EPC guidance on reason codes for SEPA direct debit R-transactions.
"""

from dataclasses import dataclass

from messages.payments import CustomerAction, MandateEffect, ReasonCategory, ReasonScheme, RetryAdvice


@dataclass(frozen=True, slots=True)
class Reason:
    """One row of the table. `delay` and `most` are proposals for an automatic re-presentation."""

    code: str
    iso_name: str
    label_fr: str
    label_en: str
    category: ReasonCategory
    advice: RetryAdvice
    effect: MandateEffect = MandateEffect.NONE
    action: CustomerAction = CustomerAction.NONE
    delay: int | None = None
    most: int | None = None
    critical: bool = False

    @property
    def scheme(self) -> ReasonScheme:
        """Codes of ISO 20022 are written in capitals, declines of cards in small letters."""
        return ReasonScheme.SEPA if self.code.isupper() else ReasonScheme.CARD


# code | ISO name | French | English | category | advice | mandate | customer | delay in days | most retries | ! = CRITICAL alert
_TABLE = """
AC01|IncorrectAccountNumber|IBAN incorrect|Incorrect IBAN|ACCOUNT|NEVER|BLOCK|NEW_IBAN|||
AC02|InvalidDebtorAccountNumber|Compte débiteur invalide|Invalid debtor account|ACCOUNT|NEVER|BLOCK|NEW_IBAN|||
AC03|InvalidCreditorAccountNumber|Compte créancier invalide|Invalid creditor account|TECHNICAL|MANUAL|NONE|NONE|||!
AC04|ClosedAccountNumber|Compte clos|Account closed|ACCOUNT|NEVER|BLOCK|NEW_IBAN|||
AC06|BlockedAccount|Compte bloqué|Account blocked|ACCOUNT|MANUAL|BLOCK|CONTACT|||
AC13|InvalidDebtorAccountType|Compte de consommateur en B2B|Consumer account under B2B|MANDATE|NEVER|CANCEL|NEW_MANDATE|||
AG01|TransactionForbidden|Prélèvement interdit sur ce compte|Debits forbidden on the account|ACCOUNT|NEVER|BLOCK|OTHER_ACCOUNT|||
AG02|InvalidBankOperationCode|Code opération ou séquence incorrect|Wrong operation or sequence code|TECHNICAL|MANUAL|NONE|NONE|||
AM01|ZeroAmount|Montant nul|Zero amount|TECHNICAL|MANUAL|NONE|NONE|||
AM02|NotAllowedAmount|Montant non autorisé|Amount not allowed|TECHNICAL|MANUAL|NONE|NONE|||
AM03|NotAllowedCurrency|Devise non autorisée|Currency not allowed|TECHNICAL|MANUAL|NONE|NONE|||
AM04|InsufficientFunds|Provision insuffisante|Insufficient funds|INSUFFICIENT_FUNDS|AUTO|NONE|PAY_BY_LINK|5|3|
AM05|Duplication|Opération en double|Duplicate|TECHNICAL|NEVER|NONE|NONE|||!
AM07|BlockedAmount|Montant bloqué|Amount blocked|OTHER|MANUAL|NONE|CONTACT|||
AM09|WrongAmount|Montant erroné|Wrong amount|TECHNICAL|MANUAL|NONE|NONE|||!
AM10|InvalidControlSum|Total de contrôle erroné|Wrong control sum|TECHNICAL|MANUAL|NONE|NONE|||!
AM18|InvalidNumberOfTransactions|Nombre d'opérations erroné|Wrong number of transactions|TECHNICAL|MANUAL|NONE|NONE|||!
BE01|InconsistentWithEndCustomer|Titulaire et compte discordants|Name and account do not match|ACCOUNT|MANUAL|BLOCK|CHECK_HOLDER|||
BE04|MissingCreditorAddress|Adresse du créancier manquante|Creditor address missing|TECHNICAL|MANUAL|NONE|NONE|||
BE05|UnrecognisedInitiatingParty|ICS inconnu|Creditor identifier unknown|TECHNICAL|MANUAL|NONE|NONE|||
CNOR|CreditorBankIsNotRegistered|Banque du créancier non joignable|Creditor bank not reachable|TECHNICAL|MANUAL|NONE|NONE|||
DNOR|DebtorBankIsNotRegistered|Banque du débiteur non joignable|Debtor bank not reachable|ACCOUNT|NEVER|BLOCK|OTHER_ACCOUNT|||
DT01|InvalidDate|Date invalide|Invalid date|TECHNICAL|AUTO|NONE|NONE|1|1|
DUPL|DuplicatePayment|Paiement en double|Duplicate payment|TECHNICAL|NEVER|NONE|NONE|||!
DU01|DuplicateMessageID|Fichier en double|Duplicate file|TECHNICAL|NEVER|NONE|NONE|||!
DU02|DuplicatePaymentInformationID|Lot en double|Duplicate block|TECHNICAL|NEVER|NONE|NONE|||!
DU03|DuplicateTransaction|Opération en double|Duplicate transaction|TECHNICAL|NEVER|NONE|NONE|||!
DU04|DuplicateEndToEndID|Référence en double|Duplicate reference|TECHNICAL|NEVER|NONE|NONE|||!
ED05|SettlementFailed|Règlement interbancaire échoué|Settlement failed|TECHNICAL|AUTO|NONE|NONE|1|2|
FF01|InvalidFileFormat|Format de fichier invalide|Invalid file format|TECHNICAL|MANUAL|NONE|NONE|||!
FF05|InvalidLocalInstrumentCode|Schéma CORE/B2B incorrect|Wrong CORE/B2B code|TECHNICAL|MANUAL|NONE|NONE|||
FOCR|FollowingCancellationRequest|Suite à demande d'annulation|Following our cancellation|CANCELLATION|NEVER|NONE|NONE|||
FRAD|FraudulentOrigin|Origine frauduleuse|Fraudulent origin|DISPUTE|NEVER|CANCEL|NONE|||!
MD01|NoMandate|Absence de mandat ou prélèvement non autorisé|No mandate or unauthorised|DISPUTE|NEVER|CANCEL|NEW_MANDATE|||
MD02|MissingMandatoryInformationInMandate|Mandat incorrect|Mandate data wrong|MANDATE|MANUAL|BLOCK|NONE|||
MD05|CollectionNotDue|Prélèvement non échu|Collection not due|DISPUTE|MANUAL|NONE|CONTACT|||
MD06|RefundRequestByEndCustomer|Remboursement demandé|Refund claimed by the debtor|DISPUTE|MANUAL|BLOCK|PAY_BY_LINK|||
MD07|EndCustomerDeceased|Débiteur décédé|Debtor deceased|DECEASED|NEVER|CANCEL|NONE|||
MS02|NotSpecifiedReasonCustomerGenerated|Refus du débiteur|Refused by the debtor|DISPUTE|MANUAL|NONE|CONTACT|||
MS03|NotSpecifiedReasonAgentGenerated|Motif non communiqué|No reason given|OTHER|AUTO|NONE|PAY_BY_LINK|5|1|
NARR|Narrative|Motif en texte libre|Narrative|OTHER|MANUAL|NONE|NONE|||
RC01|BankIdentifierIncorrect|BIC incorrect|Incorrect BIC|TECHNICAL|AUTO|NONE|NONE|1|1|
RR01|MissingDebtorAccountOrIdentification|Compte manquant|Account missing|TECHNICAL|MANUAL|NONE|COMPLETE_DATA|||
RR02|MissingDebtorNameOrAddress|Adresse du débiteur manquante|Debtor address missing|TECHNICAL|MANUAL|NONE|COMPLETE_DATA|||
RR03|MissingCreditorNameOrAddress|Adresse du créancier manquante|Creditor address missing|TECHNICAL|MANUAL|NONE|COMPLETE_DATA|||
RR04|RegulatoryReason|Motif réglementaire|Regulatory reason|REGULATORY|NEVER|BLOCK|NONE|||
SL01|SpecificServiceOfferedByDebtorAgent|Créancier non autorisé|Debtor's list or limit|DISPUTE|NEVER|BLOCK|WHITELIST_CREDITOR|||
TM01|InvalidCutOffTime|Fichier remis trop tard|File too late|TECHNICAL|AUTO|NONE|NONE|1|1|
insufficient_funds|-|Provision insuffisante|Insufficient funds|INSUFFICIENT_FUNDS|AUTO|NONE|PAY_BY_LINK|5|3|
do_not_honor|-|Refus de la banque|Refused by the bank|OTHER|AUTO|NONE|PAY_BY_LINK|3|2|
generic_decline|-|Refus sans motif|Refused without reason|OTHER|AUTO|NONE|PAY_BY_LINK|3|2|
try_again_later|-|Nouvel essai demandé|Try again later|OTHER|AUTO|NONE|PAY_BY_LINK|3|2|
processing_error|-|Erreur de traitement|Processing error|OTHER|AUTO|NONE|PAY_BY_LINK|3|2|
expired_card|-|Carte expirée|Card expired|ACCOUNT|NEVER|NONE|PAY_BY_LINK|||
incorrect_number|-|Numéro de carte incorrect|Incorrect card number|ACCOUNT|NEVER|NONE|PAY_BY_LINK|||
invalid_account|-|Compte de la carte invalide|Invalid card account|ACCOUNT|NEVER|NONE|PAY_BY_LINK|||
card_not_supported|-|Carte non acceptée|Card not supported|ACCOUNT|NEVER|NONE|PAY_BY_LINK|||
lost_card|-|Carte perdue|Card lost|DISPUTE|NEVER|NONE|CONTACT|||
stolen_card|-|Carte volée|Card stolen|DISPUTE|NEVER|NONE|CONTACT|||
pickup_card|-|Carte à retenir|Card to be withheld|DISPUTE|NEVER|NONE|CONTACT|||
fraudulent|-|Paiement contesté pour fraude|Disputed as fraud|DISPUTE|NEVER|NONE|CONTACT|||
authentication_required|-|Authentification non faite|Not authenticated|OTHER|MANUAL|NONE|PAY_BY_LINK|||
revocation_of_authorization|-|Autorisation révoquée|Authorisation revoked|MANDATE|NEVER|NONE|CONTACT|||
stop_payment_order|-|Opposition du porteur|Stopped by the holder|MANDATE|NEVER|NONE|CONTACT|||
"""


def _row(line: str) -> Reason:
    code, iso_name, french, english, category, advice, effect, action, delay, most, critical = line.split("|")
    return Reason(
        code,
        iso_name,
        french,
        english,
        ReasonCategory(category),
        RetryAdvice(advice),
        MandateEffect(effect),
        CustomerAction(action),
        int(delay) if delay else None,
        int(most) if most else None,
        critical == "!",
    )


REASONS = {row.code: row for row in map(_row, _TABLE.split("\n")[1:-1])}

REFUND_CLAIMS = frozenset({"MD06"})
"""A code that only the debtor's right to refund uses, whatever the day."""

_DEBTOR_REFUSALS = frozenset({"MS02", "SL01"})


def reason_of(code: str | None) -> Reason:
    """The row of a code; an unknown one is OTHER, to be looked at by a person, without effect on the mandate."""
    known = REASONS.get(code or "")
    if known is not None:
        return known
    return Reason(
        code or "NARR", "Unknown", "Motif inconnu", "Unknown reason", ReasonCategory.OTHER, RetryAdvice.MANUAL
    )


def mandate_effect(code: str, refusals_in_a_row: int) -> MandateEffect:
    """What a failed debit does to its mandate; a debtor's second refusal in a row blocks it."""
    effect = reason_of(code).effect
    if code == "MS02" and refusals_in_a_row >= 1:
        return MandateEffect.BLOCK
    return effect


def is_refusal(code: str) -> bool:
    """Whether the debtor himself, not his bank, refused before settlement."""
    return code in _DEBTOR_REFUSALS

"""SEPA debits at Stripe: a mandate belongs to a PaymentMethod of type `sepa_debit`, and failures have words of Stripe's own."""

from collections.abc import Mapping
from typing import Any

from actors.payments.psp.port import Means, MeansKind, ProviderMandate
from messages.payments.vocabulary import MandateStatus

TYPE = "sepa_debit"
_STATUS = {
    "pending": MandateStatus.PENDING_SUBMISSION,
    "active": MandateStatus.ACTIVE,
    "inactive": MandateStatus.CANCELLED,
}
_UNSAID = "MS03"
_REASONS = {
    "account_closed": "AC04",
    "authorization_revoked": "MD01",
    "bank_account_restricted": "AC06",
    "bank_cannot_process": "MS03",
    "customer_initiated": "MD06",
    "debit_disputed": "MD01",
    "debit_not_authorized": "MD01",
    "fraudulent": "MD01",
    "general": "MD06",
    "generic_could_not_process": "MS03",
    "incorrect_account_details": "AC01",
    "incorrect_account_holder_name": "BE01",
    "insufficient_funds": "AM04",
    "invalid_account_number": "AC01",
    "recipient_deceased": "MD07",
    "refer_to_customer": "MS03",
}
"""What Stripe says of a failed or disputed debit, in the codes of SEPA."""


def is_debit(intent: Mapping[str, Any]) -> bool:
    """Whether a PaymentIntent is a direct debit."""
    return TYPE in intent.get("payment_method_types", ())


def reason_of(said: str | None) -> str:
    """The SEPA code of a failure; what Stripe does not explain is a failure without reason."""
    return _REASONS.get(said or "", _UNSAID)


def mandate_of(found: Mapping[str, Any]) -> ProviderMandate:
    """A Mandate; Stripe prints a reference of its own and debits at once."""
    details = found["payment_method_details"].get(TYPE) or {}
    return ProviderMandate(
        token=str(found["id"]),
        status=_STATUS.get(found["status"], MandateStatus.CANCELLED),
        raw_status=str(found["status"]),
        reference=details.get("reference"),
    )


def signed_means(setup: Mapping[str, Any], customer: str | None) -> Means | None:
    """What a SetupIntent left: debits name its mandate, whose PaymentMethod is looked up then."""
    method = setup.get("payment_method")
    if not setup.get("mandate") or not isinstance(method, dict) or TYPE not in method:
        return None
    return Means(str(setup["mandate"]), MeansKind.SEPA_MANDATE, customer=customer, last4=method[TYPE].get("last4"))

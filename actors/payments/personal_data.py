"""What payments keeps of a client: collections stay ten years, mandates five after the last debit, accounts as long as a
debit can be contested (SEPA rulebook: 13 months); the rest goes."""

from typing import Any, Final

from sqlalchemy import Date, cast, func, select

from runtime.privacy import ERASED_NAME, Anonymise, Delete, PersonalData, Retain, by_id, by_trace, through
from storage.payments.tables.agreements import payment_promise, settlement_plan
from storage.payments.tables.bank import bank_transaction
from storage.payments.tables.charges import recovery_charge
from storage.payments.tables.means import bank_details, mandate
from storage.payments.tables.others import alert
from storage.payments.tables.payments import payment, payment_event, r_transaction, refund
from storage.payments.tables.portal import portal_audit, portal_session
from storage.payments.tables.providers import payment_method, provider_override, psp_event, setup_session
from storage.payments.tables.recovery import case_note, formal_notice, recovery_case, reminder, retry_plan
from storage.payments.tables.views import client_view

_ACCOUNTING: Final = "ACCOUNTING_10Y: Commercial Code L123-22"
_EVIDENCE_DAYS: Final = 400
_payments = by_id(payment.c.client_id)
_used = (
    select(mandate.c.id)
    .where(mandate.c.organisation_id == bank_details.c.organisation_id, mandate.c.bank_details_id == bank_details.c.id)
    .exists()
)


def _ten_years_after(day: Any) -> Any:
    """The end of the tenth civil year after the payment's."""
    return cast(func.date_trunc("year", day + func.make_interval(11)) - func.make_interval(0, 0, 0, 1), Date)


def _kept_with(payment_id: Any) -> Any:
    found = select(_ten_years_after(payment.c.business_date)).where(payment.c.id == payment_id)
    return found.correlate_except(payment).scalar_subquery()


_last_debit = (
    select(func.max(func.coalesce(mandate.c.last_presented_on, cast(mandate.c.updated_at, Date))))
    .where(mandate.c.bank_details_id == bank_details.c.id)
    .correlate_except(mandate)
    .scalar_subquery()
)

PERSONAL_DATA: Final = (
    PersonalData(
        case_note,
        through(case_note.c.case_id, recovery_case.c.id, by_id(recovery_case.c.client_id)),
        Delete(),
        "notes of collaborators about recovery cases",
        at_once=True,
    ),
    PersonalData(
        alert, by_trace(alert.c.title, alert.c.message, alert.c.refs), Delete(), "alerts to members", at_once=True
    ),
    PersonalData(
        bank_transaction,
        through(bank_transaction.c.end_to_end_id, payment.c.end_to_end_id, _payments),
        Retain(_ACCOUNTING, until=_ten_years_after(bank_transaction.c.booking_date)),
        "lines of bank statements",
    ),
    PersonalData(
        payment_event,
        through(payment_event.c.payment_id, payment.c.id, _payments),
        Retain(_ACCOUNTING, until=_kept_with(payment_event.c.payment_id)),
        "what happened to payments",
    ),
    PersonalData(
        r_transaction,
        through(r_transaction.c.payment_id, payment.c.id, _payments),
        Retain(_ACCOUNTING, until=_kept_with(r_transaction.c.payment_id)),
        "returned payments",
    ),
    PersonalData(
        portal_audit,
        through(portal_audit.c.session_id, portal_session.c.id, by_id(portal_session.c.client_id)),
        Retain(_ACCOUNTING, until=_ten_years_after(cast(portal_audit.c.occurred_at, Date))),
        "who opened payment links, as hashes",
    ),
    PersonalData(
        portal_session,
        by_id(portal_session.c.client_id),
        Retain(
            _ACCOUNTING,
            until=_ten_years_after(cast(portal_session.c.created_at, Date)),
            blank={"description": None},
        ),
        "payment links",
    ),
    PersonalData(
        refund,
        through(refund.c.payment_id, payment.c.id, _payments),
        Retain(_ACCOUNTING, until=_kept_with(refund.c.payment_id)),
        "refunds",
    ),
    PersonalData(
        payment,
        _payments,
        Retain(_ACCOUNTING, until=_ten_years_after(payment.c.business_date)),
        "payments",
    ),
    PersonalData(
        recovery_case,
        by_id(recovery_case.c.client_id),
        Retain(_ACCOUNTING, until=_ten_years_after(recovery_case.c.opened_on)),
        "recovery cases",
    ),
    PersonalData(
        payment_promise,
        by_id(payment_promise.c.client_id),
        Retain(_ACCOUNTING, until=_ten_years_after(payment_promise.c.promised_on)),
        "promises to pay",
    ),
    PersonalData(
        recovery_charge,
        by_id(recovery_charge.c.client_id),
        Retain(_ACCOUNTING, until=_ten_years_after(cast(recovery_charge.c.created_at, Date))),
        "charges of recovery",
    ),
    PersonalData(
        settlement_plan,
        by_id(settlement_plan.c.client_id),
        Retain(_ACCOUNTING, until=_ten_years_after(cast(settlement_plan.c.created_at, Date))),
        "settlement plans",
    ),
    PersonalData(
        formal_notice,
        by_id(formal_notice.c.client_id),
        Retain(_ACCOUNTING, until=_ten_years_after(cast(formal_notice.c.created_at, Date))),
        "formal notices, with the address they went to",
    ),
    PersonalData(
        retry_plan,
        by_id(retry_plan.c.client_id),
        Retain(_ACCOUNTING, until=_ten_years_after(retry_plan.c.first_rejection)),
        "debits presented again",
    ),
    PersonalData(
        reminder,
        by_id(reminder.c.client_id),
        Retain(_ACCOUNTING, until=_ten_years_after(cast(reminder.c.created_at, Date))),
        "reminders, without their texts",
    ),
    PersonalData(
        bank_details,
        by_id(bank_details.c.client_id),
        Delete(),
        "accounts without mandate",
        "unused_account",
        where=~_used,
    ),
    PersonalData(
        bank_details,
        by_id(bank_details.c.client_id),
        Retain(
            "SEPA: a debit can be contested for 13 months",
            until=cast(_last_debit + func.make_interval(0, 13), Date),
            blank={"comment": None, "external_id": None},
        ),
        "accounts that were debited",
        where=_used,
        encrypted={"iban": "BANK"},
    ),
    PersonalData(
        mandate,
        by_id(mandate.c.client_id),
        Retain(
            "CONTRACT: Civil Code art. 2224; mandates stay at least 14 months after the last collection",
            until=cast(
                func.coalesce(mandate.c.last_presented_on, cast(mandate.c.updated_at, Date)) + func.make_interval(5),
                Date,
            ),
        ),
        "mandates",
    ),
    PersonalData(payment_method, by_id(payment_method.c.client_id), Delete(), "saved means of payment"),
    PersonalData(provider_override, by_id(provider_override.c.scope_id), Delete(), "providers chosen by hand"),
    PersonalData(
        setup_session, by_id(setup_session.c.client_id), Delete(), "pages for saving means", "saved_means_page"
    ),
    PersonalData(
        psp_event,
        through(psp_event.c.payment_id, payment.c.id, _payments),
        Retain(
            "DISPUTES: what providers said of a payment proves it for 400 days",
            until=cast(psp_event.c.received_at + func.make_interval(0, 0, 0, _EVIDENCE_DAYS), Date),
        ),
        "reports of payment providers",
    ),
    PersonalData(
        client_view,
        by_id(client_view.c.client_id),
        Anonymise({"display_name": ERASED_NAME, "billing_address": None}),
        "name beside payments",
    ),
)

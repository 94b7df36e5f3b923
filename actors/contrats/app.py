"""What contrats answers, hears, does on time and in the background, and asks."""

from actors.contrats import reactions, schedule
from actors.contrats.drafting import price_checks
from actors.contrats.requests import drafts, ending, quality, reading, service, signature
from actors.contrats.signature import storing
from messages.documents import StoreDocument
from messages.identity import GetSigningKeys
from messages.products import GetPriceQuote
from runtime.actor import Actor, SlowWork, Tick, every
from runtime.host import application

actor = Actor(
    "contrats",
    answers=(
        drafts.create_contract,
        drafts.update_contract,
        drafts.cancel_contract,
        reading.get_contract,
        reading.list_contracts,
        reading.list_contract_status_history,
        reading.list_operations,
        reading.get_billing_schedule,
        signature.sign_contract,
        quality.submit_quality_review,
        quality.approve_quality,
        quality.reject_quality,
        service.activate_contract,
        service.suspend_contract,
        service.resume_contract,
        service.handle_provider_callback,
        ending.withdraw_contract,
        ending.quote_termination,
        ending.terminate_contract,
        ending.revoke_termination,
    ),
    hears=(
        reactions.keep_client,
        reactions.keep_client_state,
        reactions.keep_company,
        reactions.keep_product,
        reactions.keep_product_lifecycle,
        reactions.keep_sales_rep,
        reactions.take_mandate,
        reactions.mark_invoiced,
        reactions.lower_standing,
        reactions.raise_standing,
        reactions.enter_default,
        reactions.leave_default,
        reactions.order_suspension,
        reactions.drop_suspension,
        reactions.order_lift,
    ),
    runs=(
        every(Tick.MINUTE, schedule.work_on_operations),
        every(Tick.MINUTE, schedule.verify_prices),
        # The order of a day: rights end, contracts end or go on, services start, and only then bills are made.
        every(Tick.DAY, schedule.end_withdrawal_periods),
        every(Tick.DAY, schedule.terminate_due),
        every(Tick.DAY, schedule.end_terms),
        every(Tick.DAY, schedule.resume_due),
        every(Tick.DAY, schedule.activate_due),
        every(Tick.DAY, schedule.plan_ahead),
        every(Tick.DAY, schedule.bill_due),
    ),
    slow_work=(
        SlowWork(
            storing.StoreEvidence,
            perform=storing.store_evidence,
            finish=storing.evidence_stored,
            gave_up=storing.evidence_lost,
            attempts=40,
        ),
        SlowWork(
            price_checks.CheckPrice,
            perform=price_checks.ask_quote,
            finish=price_checks.price_checked,
            gave_up=price_checks.quote_unknown,
            attempts=3,
        ),
    ),
    asks=(GetSigningKeys, GetPriceQuote, StoreDocument),
)

app = application(actor)

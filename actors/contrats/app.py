"""What contrats answers, hears, does on time and in the background, and asks."""

from sqlalchemy import select

from actors.contrats import contract_record
from actors.contrats.changes import indexing
from actors.contrats.drafting import price_checks
from actors.contrats.personal_data import PERSONAL_DATA
from actors.contrats.reactions import bills, clients, copies, deliveries, mandates, recovery
from actors.contrats.renewal import notices
from actors.contrats.requests import (
    amendments,
    drafts,
    electronic_signature,
    ending,
    evidence,
    indexation,
    instalments,
    lines,
    metrics,
    port_in,
    quality,
    reading,
    renewal,
    service,
    settings,
    signature,
)
from actors.contrats.schedule import bills as billing_jobs
from actors.contrats.schedule import discounts as discount_jobs
from actors.contrats.schedule import indexation as indexation_jobs
from actors.contrats.schedule import service as service_jobs
from actors.contrats.schedule import signatures as signature_jobs
from actors.contrats.schedule import terms as term_jobs
from actors.contrats.signature import envelopes, reconciling, reminding, storing
from messages.documents import GetDocument, OpenContent, StoreDocument
from messages.identity import GetSigningKeys
from messages.products import GetPriceQuote
from runtime.actor import Actor, SlowWork, Tick, every
from runtime.host import application
from runtime.snapshots import Export
from storage.contrats.tables import contract

actor = Actor(
    "contrats",
    answers=(
        drafts.create_contract,
        drafts.update_contract,
        drafts.cancel_contract,
        drafts.delete_contract,
        lines.add_contract_line,
        lines.update_contract_line,
        lines.remove_contract_line,
        lines.get_contract_line,
        lines.list_contract_lines,
        reading.get_contract,
        reading.list_contracts,
        reading.list_contract_status_history,
        reading.list_operations,
        reading.get_operation,
        service.retry_operation,
        reading.get_billing_schedule,
        instalments.skip_instalment,
        instalments.rebill_instalment,
        metrics.get_contract_metrics,
        signature.sign_contract,
        electronic_signature.send_contract_for_signature,
        electronic_signature.recall_signature,
        electronic_signature.resend_signature,
        electronic_signature.get_signature_request,
        electronic_signature.handle_signature_webhook,
        evidence.get_signature_evidence,
        evidence.verify_signature_evidence,
        quality.list_quality_queue,
        quality.submit_quality_review,
        quality.approve_quality,
        quality.reject_quality,
        service.activate_contract,
        service.suspend_contract,
        service.resume_contract,
        service.handle_provider_callback,
        port_in.port_in_contract,
        port_in.cancel_port_in,
        port_in.list_port_ins,
        ending.withdraw_contract,
        ending.quote_termination,
        ending.terminate_contract,
        ending.revoke_termination,
        amendments.preview_amendment,
        amendments.propose_amendment,
        amendments.update_amendment,
        amendments.send_amendment,
        amendments.accept_amendment,
        amendments.apply_amendment,
        amendments.cancel_amendment,
        amendments.get_amendment,
        amendments.list_amendments,
        amendments.list_contract_versions,
        indexation.upsert_index_value,
        indexation.list_index_values,
        indexation.set_indexation,
        indexation.run_indexation,
        indexation.get_indexation_run,
        settings.get_contract_settings,
        settings.update_contract_settings,
        renewal.refuse_renewal,
        renewal.set_renewal,
        renewal.get_renewal_cycle,
        renewal.list_renewals,
    ),
    hears=(
        copies.keep_client,
        copies.keep_client_state,
        clients.follow_merge,
        clients.undo_merge,
        clients.block_client,
        clients.unblock_client,
        clients.note_death,
        clients.forget_client,
        copies.keep_company,
        copies.keep_product,
        copies.keep_product_lifecycle,
        copies.keep_sales_rep,
        copies.keep_payment_term,
        copies.expire_quote,
        mandates.take_mandate,
        mandates.lose_mandate,
        bills.mark_invoiced,
        bills.bill_again,
        bills.lower_standing,
        bills.raise_standing,
        bills.enter_default,
        bills.leave_default,
        recovery.order_suspension,
        recovery.drop_suspension,
        recovery.order_lift,
        recovery.order_termination,
        deliveries.begin_withdrawal,
        electronic_signature.take_generated_file,
        notices.prove_by_mail,
        notices.prove_by_letter,
        notices.fall_back_to_letter,
    ),
    runs=(
        every(Tick.MINUTE, service_jobs.work_on_operations),
        every(Tick.MINUTE, service_jobs.verify_prices),
        every(Tick.HOUR, signature_jobs.read_silent_signatures),
        # The order of a day: rights end, contracts end or go on, services start, and only then bills are made.
        every(Tick.DAY, service_jobs.end_withdrawal_periods),
        every(Tick.DAY, term_jobs.miss_renewal_infos),
        every(Tick.DAY, term_jobs.terminate_due),
        every(Tick.DAY, term_jobs.end_terms),
        every(Tick.DAY, term_jobs.tell_of_renewals),
        every(Tick.DAY, term_jobs.warn_of_ends),
        every(Tick.DAY, indexation_jobs.propose_indexations),
        every(Tick.DAY, service_jobs.cancel_rejected),
        every(Tick.DAY, service_jobs.resume_due),
        every(Tick.DAY, service_jobs.activate_due),
        every(Tick.DAY, service_jobs.follow_lines),
        every(Tick.DAY, discount_jobs.end_discounts),
        every(Tick.DAY, billing_jobs.plan_ahead),
        every(Tick.DAY, billing_jobs.bill_due),
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
            envelopes.PrepareEnvelope,
            perform=envelopes.open_envelope,
            finish=envelopes.envelope_opened,
            gave_up=envelopes.envelope_lost,
            attempts=20,
        ),
        SlowWork(
            envelopes.CancelEnvelope,
            perform=envelopes.cancel_envelope,
            finish=envelopes.envelope_cancelled,
            attempts=20,
        ),
        SlowWork(
            reminding.RemindSigners,
            perform=reminding.remind_signers,
            finish=reminding.signers_reminded,
            attempts=3,
        ),
        SlowWork(
            reconciling.ReadEnvelope,
            perform=reconciling.read_envelope,
            finish=reconciling.envelope_read,
            gave_up=reconciling.reading_gave_up,
            attempts=20,
        ),
        SlowWork(indexing.IndexContract, perform=indexing.nothing_outside, finish=indexing.index_contract),
        SlowWork(
            price_checks.CheckPrice,
            perform=price_checks.ask_quote,
            finish=price_checks.price_checked,
            gave_up=price_checks.quote_unknown,
            attempts=3,
        ),
    ),
    asks=(GetSigningKeys, GetPriceQuote, GetDocument, OpenContent, StoreDocument),
    exports=(Export("contract", contract, select(contract), contract_record.whole),),
    projections=(copies.keep_client, copies.keep_company, copies.keep_product, copies.keep_sales_rep),
    privacy=PERSONAL_DATA,
)

app = application(actor)

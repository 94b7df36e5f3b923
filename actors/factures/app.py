"""What factures answers, hears, does on time and in the background, and whom it asks."""

from actors.factures import ordering, platform_schedule, polling, proving, schedule, sending, work
from actors.factures.facturx.pool import POOL
from actors.factures.personal_data import PERSONAL_DATA
from actors.factures.reactions import delivery, money, projections
from actors.factures.requests import (
    correcting,
    deposits,
    documents,
    drafts,
    e_reports,
    platform,
    proof,
    settings,
    settling,
    totals,
)
from messages.documents import StoreDocument
from messages.identity import GetSigningKeys
from runtime.actor import Actor, SlowWork, Tick, daily, every
from runtime.heart import Heart
from runtime.host import application


async def warm_up(heart: Heart) -> None:
    """The first invoice does not wait for fonts and schema."""
    await POOL.warm_up()


actor = Actor(
    "factures",
    answers=(
        drafts.create_invoice,
        deposits.create_deposit_invoice,
        deposits.create_final_invoice,
        totals.calculate_totals,
        totals.preview_next_number,
        drafts.update_invoice,
        drafts.replace_invoice_lines,
        drafts.delete_invoice,
        drafts.check_invoice,
        drafts.preview_invoice,
        drafts.issue_invoice,
        drafts.issue_invoices,
        documents.create_credit_note,
        correcting.create_corrective_invoice,
        documents.get_invoice,
        documents.list_invoices,
        documents.get_invoice_document,
        documents.send_invoice,
        documents.verify_seals,
        settling.mark_invoice_paid,
        settling.reverse_settlement,
        settling.calculate_late_interest,
        settings.list_billing_intakes,
        settings.retry_billing_intake,
        settings.get_invoicing_settings,
        settings.update_invoicing_settings,
        settings.upload_logo,
        platform.connect_platform,
        platform.get_platform_account,
        platform.transmit_invoice,
        platform.cancel_transmission,
        platform.list_transmissions,
        platform.record_lifecycle_status,
        platform.list_lifecycle_events,
        platform.receive_platform_webhook,
        proof.list_closings,
        proof.run_closing,
        proof.upsert_late_interest_rate,
        proof.list_late_interest_rates,
        proof.list_invoice_statuses,
        proof.upsert_status_label,
        proof.delete_status_label,
        e_reports.list_e_reports,
        e_reports.get_e_report,
        e_reports.generate_e_report,
        e_reports.submit_e_report,
        e_reports.rectify_e_report,
    ),
    hears=(
        projections.keep_company,
        projections.keep_client,
        projections.follow_merge,
        projections.undo_merge,
        projections.keep_mandate,
        projections.keep_debit_plan,
        delivery.bill_contract,
        delivery.note_sent,
        delivery.note_failed,
        delivery.note_posted,
        delivery.note_letter_failed,
        money.settle_received,
        money.settle_returned,
        money.settle_return_cancelled,
        money.settle_refunded,
        money.settle_allocated,
    ),
    runs=(
        every(Tick.MINUTE, schedule.finish_issues),
        every(Tick.HOUR, schedule.retry_failed_intakes),
        every(Tick.DAY, schedule.mark_overdue),
        daily("20:00", schedule.report_billing_run),
        every(Tick.MINUTE, platform_schedule.work_on_platforms),
        daily("20:00", platform_schedule.state_collections),
        every(Tick.DAY, platform_schedule.report_to_tax_hub),
        daily("03:00", proving.check_seals),
        every(Tick.DAY, proving.audit_numbers),
        every(Tick.DAY, proving.close_periods),
        every(Tick.DAY, proving.remind_of_rates),
    ),
    slow_work=(
        SlowWork(ordering.IssueDrafts, perform=work.prepare_drafts, finish=work.issue_drafts, at_most=1),
        SlowWork(ordering.ArchiveDocuments, perform=work.bring_to_archive, finish=work.keep_archived),
        SlowWork(ordering.SendFlow, perform=sending.send, finish=sending.note_sent),
        SlowWork(ordering.PollPlatform, perform=polling.read_platform, finish=polling.apply_flows, attempts=3),
        SlowWork(ordering.SubscribeWebhook, perform=polling.subscribe, finish=polling.keep_signing_key),
    ),
    asks=(GetSigningKeys, StoreDocument),
    projections=(projections.keep_company, projections.keep_client, projections.keep_mandate),
    at_start=(warm_up,),
    privacy=PERSONAL_DATA,
)

app = application(actor)

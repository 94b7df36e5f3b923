"""What payments answers, hears, does on time and in the background, and whom it asks."""

from sqlalchemy import select

from actors.payments import (
    archiving,
    bank_messages,
    building,
    importing,
    planning,
    reactions,
    schedule,
    transmission,
    views,
)
from actors.payments.personal_data import PERSONAL_DATA
from actors.payments.requests import alerts, bank, bank_details, dues, mandates, payments, settings
from actors.payments.requests import batches as batch_requests
from messages.calendar import CalculatePlannedDatesBatch
from messages.clients import GetClient
from messages.documents import OpenContent, StoreDocument
from messages.identity import GetSigningKeys
from runtime.actor import Actor, SlowWork, Tick, daily, every
from runtime.host import application
from runtime.snapshots import Export, plain
from storage.payments.tables.means import bank_details as bank_details_table
from storage.payments.tables.means import mandate

actor = Actor(
    "payments",
    answers=(
        settings.create_creditor_account,
        settings.update_creditor_account,
        settings.list_creditor_accounts,
        settings.get_payment_settings,
        settings.update_payment_settings,
        settings.list_rejection_reasons,
        bank_details.create_bank_details,
        bank_details.update_bank_details,
        bank_details.disable_bank_details,
        bank_details.get_bank_details,
        bank_details.list_bank_details,
        bank_details.reveal_iban,
        mandates.get_mandate,
        mandates.list_mandates,
        mandates.block_mandate,
        mandates.unblock_mandate,
        mandates.cancel_mandate,
        dues.get_schedule,
        dues.list_schedules,
        dues.pause_schedule,
        dues.resume_schedule,
        dues.cancel_schedule,
        dues.get_instalment,
        dues.list_instalments,
        dues.run_emission,
        dues.get_emission_run,
        payments.get_payment,
        payments.list_payments,
        payments.get_payment_timeline,
        payments.cancel_payment,
        payments.record_manual_payment,
        payments.allocate_payment,
        payments.get_client_balance,
        batch_requests.prepare_collection_batches,
        batch_requests.get_collection_batch,
        batch_requests.list_collection_batches,
        batch_requests.download_collection_file,
        batch_requests.approve_collection_batch,
        batch_requests.mark_batch_transmitted,
        batch_requests.cancel_collection_batch,
        bank.import_bank_message,
        bank.list_bank_messages,
        bank.list_bank_transactions,
        alerts.list_alerts,
        alerts.acknowledge_alert,
    ),
    hears=(
        reactions.keep_company,
        reactions.keep_client,
        reactions.take_signed_contract,
        reactions.keep_contract,
        reactions.pause_with_contract,
        reactions.resume_with_contract,
        reactions.end_later,
        reactions.end_with_contract,
        reactions.end_withdrawn,
        reactions.open_collection,
        reactions.open_quality,
        reactions.close_quality,
        reactions.take_invoice,
        reactions.credit_invoices,
        reactions.cancel_invoice,
        reactions.take_control_totals,
        reactions.note_missed_cutoff,
        reactions.replan_conflict,
        reactions.replan_after_configuration,
    ),
    runs=(
        every(Tick.HOUR, schedule.emit_collections),
        every(Tick.HOUR, schedule.release_batches),
        every(Tick.MINUTE, schedule.release_batches),
        every(Tick.HOUR, schedule.fetch_bank_files),
        every(Tick.MINUTE, schedule.fetch_bank_files),
        every(Tick.DAY, schedule.announce_debits),
        daily("02:00", schedule.plan_ahead),
        daily("04:00", schedule.age_mandates),
    ),
    slow_work=(
        SlowWork(planning.PlanInstalments, planning.ask_for_schedules, planning.store_plans),
        SlowWork(planning.ReplanInstalments, planning.ask_for_instalments, planning.store_new_dates),
        SlowWork(building.BuildCollectionFile, building.build_file, building.store_file, at_most=1, lease_seconds=300),
        SlowWork(transmission.TransmitCollectionFile, transmission.send_file, transmission.after_sending),
        SlowWork(transmission.SubmitPayments, transmission.nothing_outside, transmission.submit_next),
        SlowWork(archiving.ArchiveCollectionFile, archiving.copy_file, archiving.note_document),
        SlowWork(importing.FetchBankFiles, importing.fetch_files, importing.store_fetched, at_most=1),
        SlowWork(importing.ReadBankMessage, importing.read_message, importing.store_read, at_most=1, lease_seconds=600),
        SlowWork(bank_messages.MatchBankMessage, transmission.nothing_outside, importing.match_next),
    ),
    asks=(GetSigningKeys, GetClient, CalculatePlannedDatesBatch, OpenContent, StoreDocument),
    exports=(
        Export("bank_details", bank_details_table, select(bank_details_table), plain(views.bank_details_snapshot)),
        Export("mandate", mandate, select(mandate), plain(views.mandate_snapshot)),
    ),
    projections=(reactions.keep_company, reactions.keep_client),
    privacy=PERSONAL_DATA,
)

app = application(actor)

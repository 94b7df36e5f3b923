"""What clients answers, hears, does on time and asks."""

from actors.clients import schedule, views
from actors.clients.reactions import contracts, money, references
from actors.clients.requests import clients, dictionaries, overview, sub_records
from messages.identity import GetSigningKeys
from runtime.actor import Actor, Tick, every
from runtime.host import application
from runtime.snapshots import Export, plain
from storage.clients import queries
from storage.clients.tables import client

actor = Actor(
    "clients",
    answers=(
        clients.create_client,
        clients.get_client,
        clients.list_clients,
        clients.update_client,
        clients.archive_client,
        clients.restore_client,
        clients.find_duplicates,
        sub_records.add_contact_point,
        sub_records.set_primary_contact_point,
        sub_records.remove_contact_point,
        sub_records.add_address,
        sub_records.update_address,
        sub_records.remove_address,
        sub_records.list_addresses,
        sub_records.list_bank_refs,
        sub_records.record_consent,
        sub_records.get_consent_matrix,
        overview.get_client_360,
        overview.list_client_timeline,
        overview.search_clients,
        dictionaries.create_payment_term,
        dictionaries.update_payment_term,
        dictionaries.get_payment_term,
        dictionaries.list_payment_terms,
        dictionaries.list_dictionary,
        dictionaries.compute_due_date,
    ),
    hears=(
        references.seed,
        references.keep_company,
        references.keep_sales_rep,
        references.take_representative,
        contracts.follow_contract,
        contracts.follow_termination,
        money.keep_invoice,
        money.settle_invoice,
        money.credit_invoice,
        money.receive_payment,
        money.reject_payment,
        money.return_payment,
        money.allocate_payment,
        money.keep_standing,
        money.plan_debit,
        money.keep_account,
        money.keep_mandate,
    ),
    runs=(
        every(Tick.MINUTE, schedule.release_clients_of_departed),
        every(Tick.DAY, schedule.notice_late_bills),
    ),
    asks=(GetSigningKeys,),
    exports=(Export("client", client, queries.FULL, plain(views.snapshot_of)),),
    projections=(
        references.keep_company,
        references.keep_sales_rep,
        contracts.keep_contract,
        money.keep_account,
        money.keep_mandate,
    ),
)

app = application(actor)

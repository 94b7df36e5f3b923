"""What commercial answers, hears, does on time and in the background, and whom it asks."""

from sqlalchemy import select

from actors.commercial import files, schedule, views
from actors.commercial.personal_data import PERSONAL_DATA
from actors.commercial.reactions import collections, contracts, references
from actors.commercial.requests import clawbacks, commissions, plans, sales_reps, statements
from messages.documents import StoreDocument
from messages.identity import GetSigningKeys
from runtime.actor import Actor, SlowWork, Tick, daily, every
from runtime.host import application
from runtime.snapshots import Export, plain
from storage.commercial.tables import sales_rep

actor = Actor(
    "commercial",
    answers=(
        sales_reps.create_sales_rep,
        sales_reps.update_sales_rep,
        sales_reps.get_sales_rep,
        sales_reps.list_sales_reps,
        sales_reps.activate_sales_rep,
        sales_reps.deactivate_sales_rep,
        sales_reps.attribute_contract,
        plans.create_commission_plan,
        plans.create_plan_version,
        plans.update_plan_version,
        plans.publish_plan_version,
        plans.get_commission_plan,
        plans.list_commission_plans,
        plans.activate_plan,
        plans.deactivate_plan,
        commissions.calculate_commission,
        commissions.get_commission,
        commissions.list_commissions,
        commissions.create_adjustment,
        commissions.cancel_commission,
        commissions.list_recurring_rights,
        commissions.list_calculation_issues,
        commissions.retry_calculation_issue,
        commissions.get_commission_settings,
        commissions.update_commission_settings,
        clawbacks.trigger_clawback,
        clawbacks.get_clawback,
        clawbacks.list_clawbacks,
        clawbacks.cancel_clawback,
        clawbacks.list_carry_overs,
        statements.generate_statements,
        statements.generate_statement,
        statements.get_statement,
        statements.list_statements,
        statements.list_statement_lines,
        statements.preselect_lines,
        statements.set_line_selection,
        statements.validate_statement,
        statements.publish_statement,
        statements.mark_statement_paid,
        statements.discard_draft_statement,
        statements.export_statement,
    ),
    hears=(
        references.seed_settings,
        references.keep_company,
        references.keep_client,
        references.keep_product,
        contracts.keep_contract,
        contracts.accrue_signed,
        contracts.accrue_approved,
        contracts.accrue_activated,
        contracts.take_back_rejected,
        contracts.suspend,
        contracts.resume,
        contracts.take_back_terminated,
        contracts.end_expired,
        contracts.take_back_withdrawn,
        contracts.take_back_cancelled,
        collections.keep_instalments,
        collections.bind_invoice,
        collections.collect,
        collections.collect_allocated,
        collections.reverse,
        collections.take_back_defaulted,
        collections.give_back_cured,
        collections.take_back_credited,
    ),
    runs=(
        every(Tick.HOUR, schedule.retry_issues),
        every(Tick.DAY, schedule.end_expired_rights),
        daily("04:00", schedule.draft_statements),
    ),
    slow_work=(
        SlowWork(
            files.StoreStatementFile,
            perform=files.store_file,
            finish=files.keep_file,
            gave_up=files.give_file_up,
            attempts=6,
        ),
    ),
    asks=(GetSigningKeys, StoreDocument),
    exports=(Export("sales_rep", sales_rep, select(sales_rep), plain(views.rep_snapshot)),),
    projections=(references.keep_company, references.keep_client, references.keep_product, contracts.keep_contract),
    privacy=PERSONAL_DATA,
)

app = application(actor)

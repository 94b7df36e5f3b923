"""What activites answers, hears and does on time."""

from actors.activites import schedule
from actors.activites.personal_data import PERSONAL_DATA
from actors.activites.reactions import contracts, mails, members, money, projections
from actors.activites.requests import activities, tasks
from messages.identity import GetSigningKeys
from runtime.actor import Actor, Tick, daily, every
from runtime.host import application

actor = Actor(
    "activites",
    answers=(
        tasks.create_task,
        tasks.update_task,
        tasks.get_task,
        tasks.list_tasks,
        tasks.assign_task,
        tasks.claim_task,
        tasks.start_task,
        tasks.complete_task,
        tasks.cancel_task,
        tasks.reopen_task,
        activities.list_activity_types,
        activities.create_activity,
        activities.get_activity,
        activities.list_activities,
        activities.list_timeline,
    ),
    hears=(
        projections.seed_activity_types,
        projections.keep_client,
        projections.keep_client_state,
        projections.keep_contract,
        projections.keep_member,
        projections.keep_user,
        members.hand_tasks_on,
        contracts.show_contract,
        contracts.contract_renewed,
        contracts.contract_ended,
        contracts.operation_failed,
        money.invoice_issued,
        money.invoice_paid,
        money.invoice_cancelled,
        money.payment_received,
        money.payment_failed,
        money.follow_unpaid,
        mails.record_mail,
    ),
    runs=(
        every(Tick.DAY, schedule.make_delayed_tasks),
        every(Tick.MINUTE, schedule.tell_overdue),
        daily("08:00", schedule.announce_tomorrow),
    ),
    asks=(GetSigningKeys,),
    projections=(projections.keep_client, projections.keep_contract),
    privacy=PERSONAL_DATA,
)

app = application(actor)

"""What engagement answers, hears, does on time and in the background, and asks."""

from actors.engagement import accounts, composing, invitations, queue, schedule, sending, settling
from actors.engagement.personal_data import PERSONAL_DATA
from actors.engagement.reactions import bells, figures, orders, parties
from actors.engagement.requests import dashboards, emails, mailboxes, notifications
from messages.clients import GetClient
from messages.documents import OpenContent
from messages.identity import GetInvitationLink, GetSigningKeys
from runtime.actor import Actor, SlowWork, Tick, every
from runtime.host import application

actor = Actor(
    "engagement",
    answers=(
        mailboxes.create_mailbox,
        mailboxes.update_mailbox,
        mailboxes.get_mailbox,
        mailboxes.list_mailboxes,
        mailboxes.set_default_mailbox,
        mailboxes.test_mailbox,
        emails.send_email,
        emails.send_templated_email,
        emails.cancel_email,
        emails.retry_email,
        emails.get_outbound_email,
        emails.list_outbound_emails,
        emails.list_suppressions,
        emails.remove_suppression,
        notifications.get_notification,
        notifications.list_notifications,
        notifications.get_unread_count,
        notifications.mark_as_read,
        notifications.mark_all_as_read,
        dashboards.get_kpis,
    ),
    hears=(
        parties.seed_organisation,
        parties.keep_company,
        parties.keep_client,
        orders.send_signed_contract,
        orders.acknowledge_termination,
        orders.confirm_revocation,
        orders.send_invoice,
        orders.announce_debit,
        invitations.send_invitation,
        orders.release_mails,
        orders.fail_mails,
        figures.contract_in_force,
        figures.contract_suspended,
        figures.contract_ended,
        figures.contract_undone,
        figures.keep_invoice,
        figures.money_received,
        figures.money_returned,
        bells.tell_assignee,
        bells.tell_overdue,
        bells.tell_due_tomorrow,
    ),
    runs=(
        every(Tick.MINUTE, schedule.send_due_mails),
        every(Tick.MINUTE, schedule.retry_mailboxes),
        every(Tick.HOUR, schedule.ask_for_clients),
    ),
    slow_work=(
        SlowWork(queue.SendMail, sending.send_mail, settling.mail_attempted, settling.attempt_gave_up),
        SlowWork(accounts.CheckMailbox, accounts.check_mailbox, accounts.mailbox_checked, attempts=3),
        SlowWork(composing.FindClient, composing.find_client, composing.client_found),
    ),
    asks=(GetSigningKeys, GetClient, GetInvitationLink, OpenContent),
    projections=(parties.keep_company, parties.keep_client),
    privacy=PERSONAL_DATA,
)

app = application(actor)

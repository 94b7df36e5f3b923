"""What engagement answers, hears, does on time and in the background, and asks."""

from actors.engagement import (
    accounts,
    addressing,
    inactivity,
    invitations,
    queue,
    retention_runs,
    schedule,
    sending,
    settling,
    texting,
)
from actors.engagement.personal_data import PERSONAL_DATA
from actors.engagement.reactions import bells, figures, members, orders, parties
from actors.engagement.requests import dashboards, emails, mailboxes, notifications, texts
from messages.clients import GetClient
from messages.documents import OpenContent
from messages.identity import GetInvitationLink, GetSigningKeys, GetUser, ReportPurgeRun
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
        texts.list_sms,
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
        orders.remind,
        invitations.send_invitation,
        inactivity.warn_user,
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
        bells.tell_collectors,
        members.keep_member,
        retention_runs.begin_run,
    ),
    runs=(
        every(Tick.MINUTE, schedule.send_due_mails),
        every(Tick.MINUTE, schedule.send_due_texts),
        every(Tick.MINUTE, schedule.retry_mailboxes),
        every(Tick.HOUR, schedule.ask_for_clients),
    ),
    slow_work=(
        SlowWork(queue.SendMail, sending.send_mail, settling.mail_attempted, settling.attempt_gave_up),
        SlowWork(accounts.CheckMailbox, accounts.check_mailbox, accounts.mailbox_checked, attempts=3),
        SlowWork(addressing.FindClient, addressing.find_client, addressing.client_found),
        SlowWork(inactivity.WarnUser, inactivity.find_user, inactivity.user_found),
        SlowWork(retention_runs.EndMessages, retention_runs.nothing_outside, retention_runs.end_batch, at_most=1),
        SlowWork(retention_runs.ReportMessages, retention_runs.report, retention_runs.reported, attempts=60),
        SlowWork(texting.SendText, texting.send_text, texting.text_attempted, texting.text_gave_up),
    ),
    asks=(GetSigningKeys, GetClient, GetInvitationLink, GetUser, OpenContent, ReportPurgeRun),
    projections=(parties.keep_company, parties.keep_client),
    privacy=PERSONAL_DATA,
)

app = application(actor)

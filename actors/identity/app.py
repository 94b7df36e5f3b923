"""What identity answers, hears, does on time and at start."""

from sqlalchemy import select

from actors.identity import catalogue, invitations, reactions, schedule, signing_keys
from actors.identity.organisations import company_fields, tenant_snapshot
from actors.identity.requests import (
    answers,
    audit,
    companies,
    holds,
    machines,
    members,
    organisations,
    privacy,
    roles,
    sessions,
    sign_in,
    users,
)
from actors.identity.requests import invitations as offers
from messages.every_actor import VERIFY_LOCAL_CHAIN
from runtime.actor import Actor, Tick, daily, every
from runtime.host import application
from runtime.snapshots import Export, plain
from storage.identity.tables import company
from storage.shared.tables import organisation as tenant

actor = Actor(
    "identity",
    answers=(
        sign_in.sync_user,
        sign_in.build_access_context,
        users.get_my_profile,
        users.update_my_profile,
        users.get_user,
        users.list_users,
        organisations.create_organisation,
        organisations.get_organisation,
        organisations.update_organisation,
        organisations.update_security_settings,
        companies.create_company,
        companies.update_company,
        companies.get_company,
        companies.list_companies,
        roles.list_permissions,
        roles.list_roles,
        roles.get_role,
        roles.create_role,
        roles.update_role,
        roles.check_permissions,
        members.get_membership,
        members.list_members,
        members.update_membership,
        members.suspend_membership,
        members.reactivate_membership,
        members.remove_member,
        offers.create_invitation,
        offers.resend_invitation,
        offers.cancel_invitation,
        offers.list_invitations,
        offers.get_invitation_link,
        answers.preview_invitation,
        answers.accept_invitation,
        answers.decline_invitation,
        machines.create_machine_account,
        machines.rotate_machine_secret,
        machines.deactivate_machine_account,
        machines.list_machine_accounts,
        machines.issue_machine_token,
        signing_keys.get_signing_keys,
        sessions.track_session,
        sessions.touch_session,
        sessions.check_session,
        sessions.handle_backchannel_logout,
        sessions.list_my_sessions,
        sessions.list_user_sessions,
        sessions.revoke_session,
        sessions.revoke_user_sessions,
        audit.verify_audit_chain,
        audit.create_audit_checkpoint,
        audit.list_audit_checkpoints,
        audit.verify_audit_checkpoint,
        privacy.create_privacy_request,
        privacy.verify_requester_identity,
        privacy.assess_privacy_request,
        privacy.execute_privacy_request,
        privacy.extend_privacy_request,
        privacy.cancel_privacy_request,
        privacy.reject_privacy_request,
        privacy.get_privacy_request,
        privacy.list_privacy_requests,
        privacy.get_erasure_proof,
        privacy.get_export_part,
        privacy.get_privacy_subject,
        privacy.report_privacy_task,
        holds.place_legal_hold,
        holds.lift_legal_hold,
        holds.check_legal_hold,
        holds.list_legal_holds,
    ),
    hears=(reactions.keep_sales_rep, reactions.lock_siren),
    runs=(
        every(Tick.MINUTE, schedule.expire_sessions),
        every(Tick.HOUR, schedule.expire_invitations),
        every(Tick.HOUR, schedule.warn_of_privacy_deadlines),
        every(Tick.HOUR, schedule.ask_silent_actors),
        daily("00:05", schedule.end_temporary_memberships),
        every(Tick.DAY, schedule.forget_sessions),
    ),
    exports=(
        Export("organisation", tenant, select(tenant), plain(tenant_snapshot)),
        Export("company", company, select(company), plain(company_fields)),
    ),
    asks=tuple(request for name, request in VERIFY_LOCAL_CHAIN.items() if name != "identity"),
    at_start=(
        signing_keys.ensure_signing_keys,
        signing_keys.ensure_development_administrator,
        invitations.ensure_invitation_key,
        catalogue.write_catalogue,
    ),
)

app = application(actor)

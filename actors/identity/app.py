"""What identity answers, hears, does on time and at start."""

from actors.identity import catalogue, invitations, reactions, schedule, signing_keys
from actors.identity.requests import answers, companies, machines, members, organisations, roles, sign_in, users
from actors.identity.requests import invitations as offers
from runtime.actor import Actor, Tick, daily, every
from runtime.host import application

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
    ),
    hears=(reactions.keep_sales_rep, reactions.lock_siren),
    runs=(
        every(Tick.HOUR, schedule.expire_invitations),
        daily("00:05", schedule.end_temporary_memberships),
    ),
    at_start=(
        signing_keys.ensure_signing_key,
        signing_keys.ensure_development_administrator,
        invitations.ensure_invitation_key,
        catalogue.write_catalogue,
    ),
)

app = application(actor)

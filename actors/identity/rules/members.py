"""What some roles demand of the membership that holds them (spec 6.2)."""

from collections.abc import Iterable
from datetime import date

from actors.identity.rules.system_roles import COMPANY_LIST_REQUIRED, END_REQUIRED
from messages.identity import CompanyScope
from messages.problem import Refused


def check_conditions_of_roles(role_codes: Iterable[str], scope: CompanyScope, valid_until: date | None) -> None:
    """A company administrator has listed companies; an auditor's access ends on a day."""
    codes = set(role_codes)
    if codes & COMPANY_LIST_REQUIRED and scope is not CompanyScope.LIST:
        raise Refused.field(
            "company_scope", "LIST", "company_admin is given for listed companies only; set company_scope to LIST"
        )
    if codes & END_REQUIRED and valid_until is None:
        raise Refused.field("valid_until", "required", "an auditor's access is temporary; give the last day")


def is_over(valid_until: date | None, today: date) -> bool:
    """Access lasts until the end of its last day."""
    return valid_until is not None and valid_until < today

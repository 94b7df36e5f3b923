"""What is known of a company that collects: its settings and its default account."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from messages.payments import AccountStatus, BankProfile, PaymentSettingsValues
from runtime.unit_of_work import UnitOfWork
from storage.payments.tables.means import company_settings, creditor_account
from storage.payments.tables.views import company_view


@dataclass(frozen=True, slots=True)
class Company:
    """A company with its rules; without a default account nothing can be collected."""

    id: UUID
    code: str
    name: str
    sepa_creditor_id: str | None
    zone: ZoneInfo
    settings: PaymentSettingsValues
    settings_version: int
    account: dict[str, Any] | None

    @property
    def profile(self) -> BankProfile:
        """What its bank expects."""
        return BankProfile.model_validate(self.account["bank_profile"]) if self.account else BankProfile()

    @property
    def creditor_identifier(self) -> str:
        """The identifier it collects under; empty while nobody gave one."""
        return (self.account["creditor_identifier"] if self.account else self.sepa_creditor_id) or ""


async def companies(work: UnitOfWork, company_id: UUID | None = None) -> list[Company]:
    """The active companies of the organisation, or one of them."""
    default = (
        (creditor_account.c.organisation_id == company_view.c.organisation_id)
        & (creditor_account.c.company_id == company_view.c.company_id)
        & creditor_account.c.is_default
        & (creditor_account.c.status == AccountStatus.ACTIVE)
    )
    own = (company_settings.c.organisation_id == company_view.c.organisation_id) & (
        company_settings.c.company_id == company_view.c.company_id
    )
    statement = (
        select(
            company_view,
            company_settings.c["values"].label("settings"),
            company_settings.c.version.label("settings_version"),
            creditor_account.c.id.label("account_id"),
            creditor_account.c.creditor_identifier,
            creditor_account.c.bank_profile,
        )
        .select_from(company_view.outerjoin(company_settings, own).outerjoin(creditor_account, default))
        .where(company_view.c.organisation_id == work.organisation_id, company_view.c.status == "ACTIVE")
        .order_by(company_view.c.company_id)
    )
    if company_id is not None:
        statement = statement.where(company_view.c.company_id == company_id)
    return [_company(row) for row in await work.fetch(statement)]


async def company_of(work: UnitOfWork, company_id: UUID) -> Company | None:
    """One company, if it is known and active."""
    found = await companies(work, company_id)
    return found[0] if found else None


def _company(row: Any) -> Company:
    account = None
    if row["account_id"] is not None:
        account = {
            "id": row["account_id"],
            "creditor_identifier": row["creditor_identifier"],
            "bank_profile": row["bank_profile"],
        }
    return Company(
        id=row["company_id"],
        code=row["code"],
        name=row["legal_name"],
        sepa_creditor_id=row["sepa_creditor_id"],
        zone=ZoneInfo(row["timezone"]),
        settings=PaymentSettingsValues.model_validate(row["settings"] or {}),
        settings_version=row["settings_version"] or 0,
        account=account,
    )

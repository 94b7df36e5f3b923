"""contrats: what an organisation decides for all its contracts."""

from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from messages.base import Part, Reply, Request
from messages.contrats.terms import ContractType
from messages.values.numbers import Rate
from messages.values.text import Code

_MONTH_DAY = Annotated[str, Field(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$")]


class NoCutPeriod(Part):
    """Days of each year on which a consumer's service of that type is not cut: `11-01` to `03-31`, both included."""

    type: ContractType
    first: _MONTH_DAY
    last: _MONTH_DAY


class ContractSettings(Reply):
    """The organisation's choices; what nobody set has its default."""

    reference_prefix: str = "CTR"
    bill_while_suspended: bool = False
    collect_during_withdrawal: bool = False
    cancel_on_rejection: bool = False
    telecom_fee_cap: Rate = Decimal("0.20")
    no_cut_periods: tuple[NoCutPeriod, ...] = ()
    accounts_closed_until: date | None = None


class GetContractSettings(Request[ContractSettings], query=True, permission="contrats:settings:read"):
    """What the organisation decided."""


class UpdateContractSettings(Request[ContractSettings], permission="contrats:settings:write"):
    """Decide anew; what is left out stays."""

    reference_prefix: Annotated[Code, Field(max_length=20)] | None = None
    bill_while_suspended: bool | None = None
    collect_during_withdrawal: bool | None = None
    cancel_on_rejection: bool | None = None
    telecom_fee_cap: Annotated[Rate, Field(ge=0, le=1)] | None = None
    no_cut_periods: Annotated[tuple[NoCutPeriod, ...], Field(max_length=20)] | None = None
    accounts_closed_until: date | None = None

"""A new term begins the day after the old one."""

from datetime import timedelta

from actors.contrats.billing import bills
from actors.contrats.changes import versions
from actors.contrats.contract_record import ContractRecord
from actors.contrats.renewal import cycles
from actors.contrats.rules.renewal import next_term_end
from messages.contrats import ContractRenewed, RenewalMode, TermKind
from messages.contrats.amendments import VersionKind
from messages.contrats.states import RenewalStatus
from runtime.unit_of_work import Row


async def renew(record: ContractRecord, cycle: Row | None) -> None:
    """Start the next term; later terms still follow the original first day."""
    old, new = record["ends_on"], next_term_end(record.row)
    untold = cycle is not None and cycle["status"] == RenewalStatus.INFO_MISSED
    if cycle is not None:
        await cycles.move(record, cycle, "renew")
    record.set(
        ends_on=new,
        renewal_count=record["renewal_count"] + 1,
        renewal_info_missed=untold,
    )
    if new is None:
        record.set(
            commitment_ends_on=None, commitment_months=0, term_kind=TermKind.OPEN_ENDED, renewal_mode=RenewalMode.NONE
        )
    record.set(version_no=record["version_no"] + 1)
    await bills.replan(record)
    await versions.freeze(record, VersionKind.RENEWAL, old + timedelta(days=1))
    await cycles.open_cycle(record)
    record.state(ContractRenewed, old_ends_on=old, new_ends_on=new)

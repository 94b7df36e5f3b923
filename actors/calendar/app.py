"""What calendar answers, hears and does on time. It asks nobody but for keys."""

from actors.calendar import reactions, schedule
from actors.calendar.requests import book, configurations, cutoffs, dates, holidays, lots, overrides, zones
from messages.identity import GetSigningKeys
from runtime.actor import Actor, Tick, every
from runtime.host import application

actor = Actor(
    "calendar",
    answers=(
        dates.calculate_planned_date,
        dates.calculate_planned_dates_batch,
        dates.check_date_eligibility,
        configurations.create_debit_configuration,
        configurations.update_debit_configuration,
        configurations.delete_debit_configuration,
        configurations.get_debit_configuration,
        configurations.list_debit_configurations,
        configurations.resolve_debit_configuration,
        configurations.list_debit_lots,
        configurations.list_cutoff_policies,
        lots.create_debit_lot,
        lots.update_debit_lot,
        lots.get_debit_lot,
        lots.deactivate_debit_lot,
        lots.reactivate_debit_lot,
        cutoffs.create_cutoff_policy,
        cutoffs.update_cutoff_policy,
        cutoffs.get_cutoff_policy,
        cutoffs.delete_cutoff_policy,
        zones.create_holiday_zone,
        zones.update_holiday_zone,
        zones.get_holiday_zone,
        zones.delete_holiday_zone,
        overrides.set_debit_date_override,
        overrides.delete_debit_date_override,
        overrides.list_debit_date_overrides,
        overrides.add_business_days,
        overrides.first_eligible_date,
        overrides.get_debit_timeline,
        holidays.list_holiday_zones,
        holidays.list_holidays,
        holidays.create_holiday,
        holidays.update_holiday,
        holidays.delete_holiday,
        book.get_planned_debit,
        book.list_planned_debits,
        book.get_debit_day,
        book.list_debit_days,
        book.get_calendar_view,
    ),
    hears=(
        reactions.seed_organisation,
        reactions.keep_company,
        reactions.keep_client,
        reactions.keep_contract,
        reactions.plan_instalment,
        reactions.block_instalment,
        reactions.unblock_instalment,
        reactions.cancel_instalment,
        reactions.cancel_schedule,
        reactions.mirror_payment,
    ),
    runs=(
        every(Tick.MINUTE, schedule.freeze_debit_days),
        every(Tick.HOUR, schedule.freeze_debit_days),
        every(Tick.MINUTE, schedule.recount_debit_days),
        every(Tick.HOUR, schedule.recount_debit_days),
        every(Tick.MINUTE, schedule.check_cutoffs),
        every(Tick.HOUR, schedule.check_cutoffs),
        every(Tick.DAY, schedule.settle_debit_days),
        every(Tick.DAY, schedule.announce_holidays),
    ),
    asks=(GetSigningKeys,),
)

app = application(actor)

"""products: whatever is asked of the running actor in whatever order, lists, versions, promotions and bundles stay lawful."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from uuid import UUID, uuid4

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle as Drawn
from hypothesis.stateful import initialize, invariant, precondition, rule

from actors.products.rules.promotions import PROMOTION
from messages.products.bundles import BundleComponent, BundlePrice, BundlePricing, CreateBundle, GetBundle, UpdateBundle
from messages.products.price_lists import (
    CreatePriceList,
    DeletePriceList,
    GetPriceList,
    ListPriceLists,
    SetDefaultPriceList,
    UpdatePriceList,
)
from messages.products.promotions import CancelPromotion, GetPromotion, PromotionStatus, UpdatePromotion
from messages.products.version_changes import CancelVersion
from messages.products.versions import (
    CreateVersion,
    GetVersion,
    ListVersions,
    PricingRuleDraft,
    ScheduleVersion,
    VersionState,
)
from tests.actors.driven_lives import DrivenLife, drive
from tests.actors.products.builders import default_list
from tests.actors.products.test_catalogue import MARCH_10, box
from tests.actors.products.test_promotions import promotion
from tests.harness import Running, Tenant

pytestmark = pytest.mark.chaos

FIRST_DAY = MARCH_10.date()


class PriceListLife(DrivenLife):
    """One active default without a last day, whatever happens; a list whose last day passed is inactive."""

    lists = Drawn("lists")

    @initialize()
    def begin(self) -> None:
        self.days_gone, self.ends = 0, dict[UUID, date | None]()
        self.active, self.versions = dict[UUID, bool](), dict[UUID, int]()
        self.default = self.wait(default_list(self.tenant))

    @property
    def today(self) -> date:
        return FIRST_DAY + timedelta(days=self.days_gone)

    @rule(target=lists, days=st.none() | st.integers(0, 1))
    def create(self, days: int | None) -> UUID:
        end = None if days is None else self.today + timedelta(days=days)
        made = self.ask(CreatePriceList(code=f"L-{self.number()}", name="Liste", valid_to=end))
        self.ends[made.list_id], self.active[made.list_id], self.versions[made.list_id] = end, True, 1
        self.says(made.list_id, "price_list.saved")
        return made.list_id

    @rule(wanted=lists)
    def make_default(self, wanted: UUID) -> None:
        request = SetDefaultPriceList(list_id=wanted)
        if wanted not in self.active:
            self.refuse(request, "LIST_NOT_FOUND")
        elif not self.active[wanted] or self.ends[wanted] is not None:
            self.refuse(request, "DEFAULT_LIST_DATED")
        elif self.ask(request) and wanted != self.default:
            for changed in (wanted, self.default):
                self.versions[changed] = self.versions.get(changed, 0) + 1
            self.default = wanted
            self.says(wanted, "price_list.default_changed")

    @rule(wanted=lists, active=st.booleans())
    def switch(self, wanted: UUID, active: bool) -> None:
        if wanted not in self.active:
            return
        request = UpdatePriceList(list_id=wanted, expected_version=self.versions[wanted], active=active)
        if wanted == self.default and not active:
            self.refuse(request, "DEFAULT_LIST_DATED")
            return
        after = self.ask(request)
        if self.active[wanted] != active:
            self.says(wanted, "price_list.saved")
        self.active[wanted], self.versions[wanted] = active, after.version

    @rule(wanted=lists)
    def give_up(self, wanted: UUID) -> None:
        if wanted in self.active:
            self.remove(wanted)

    def remove(self, wanted: UUID) -> None:
        request = DeletePriceList(list_id=wanted, expected_version=self.versions[wanted])
        if wanted == self.default:
            self.refuse(request, "DEFAULT_LIST_UNDELETABLE")
            return
        self.ask(request)
        del self.active[wanted], self.ends[wanted], self.versions[wanted]

    @precondition(lambda self: self.days_gone < 2 and self.active)
    @rule()
    def let_a_day_pass(self) -> None:
        self.days_gone += 1
        self.tick("day", self.instant(self.today, hour=5))
        for list_id, end in self.ends.items():
            if self.active[list_id] and end is not None and end < self.today:
                self.active[list_id] = False
                self.versions[list_id] += 1
                self.says(list_id, "price_list.expired")

    def teardown(self) -> None:
        """The ticks of later examples find nothing of this one."""
        for wanted in [list_id for list_id in self.active if list_id != self.default]:
            self.remove(wanted)

    @invariant()
    def there_is_one_default(self) -> None:
        (found,) = self.ask(ListPriceLists(is_default=True, active=True)).items
        assert (found.list_id, found.valid_to) == (self.default, None)

    @invariant()
    def every_list_is_as_the_model_says(self) -> None:
        for list_id, active in self.active.items():
            found = self.ask(GetPriceList(list_id=list_id))
            assert (found.active, found.version) == (active, self.versions[list_id])


class VersionLife(DrivenLife):
    """Versions of one product: at most one in force, no gap and no overlap, what is over never comes back."""

    @initialize()
    def begin(self) -> None:
        self.now = MARCH_10 + timedelta(days=self.number())
        self.tenant.client.now = self.now
        self.product_id = self.ask(box(f"V-{self.number()}")).product_id
        (first,) = self.ask(ListVersions(product_id=self.product_id)).items
        self.state: dict[UUID, VersionState] = {first.id: VersionState.EFFECTIVE}
        self.starts: dict[UUID, datetime] = {first.id: self.now}
        self.says(first.id, "product_version.effective")

    @property
    def dated(self) -> list[UUID]:
        """Scheduled and effective versions, by their instants."""
        open_ = (VersionState.SCHEDULED, VersionState.EFFECTIVE)
        return sorted((id_ for id_, state in self.state.items() if state in open_), key=lambda id_: self.starts[id_])

    def some(self, choice: int) -> UUID:
        return list(self.state)[choice % len(self.state)]

    @precondition(lambda self: len(self.state) < 6)
    @rule(priced=st.sampled_from([True, True, False]))
    def draft(self, priced: bool) -> None:
        prices = (PricingRuleDraft(amount=Decimal(30)),) if priced else ()
        made = self.ask(CreateVersion(product_id=self.product_id, pricing=prices))
        self.state[made.id] = VersionState.DRAFT
        if not priced:
            self.refuse(
                ScheduleVersion(version_id=made.id, effective_from=self.now + timedelta(days=400)), "VERSION_EMPTY"
            )
            self.ask(CancelVersion(version_id=made.id, expected_version=made.version))
            self.state[made.id] = VersionState.CANCELLED

    @rule(choice=st.integers(0, 5), minutes=st.sampled_from([-1, 2, 4, 6]))
    def schedule(self, choice: int, minutes: int) -> None:
        wanted, instant = self.some(choice), self.now + timedelta(minutes=minutes)
        request = ScheduleVersion(version_id=wanted, effective_from=instant)
        last = self.dated[-1] if self.dated else None
        if self.state[wanted] is not VersionState.DRAFT:
            self.refuse(request, "VERSION_LOCKED")
        elif minutes < 0:
            self.refuse(request, "EFFECTIVE_IN_PAST")
        elif last is not None and self.starts[last] >= instant:
            self.refuse(request, "VERSION_OVERLAP")
        else:
            self.ask(request)
            self.state[wanted], self.starts[wanted] = VersionState.SCHEDULED, instant
            self.says(wanted, "product_version.scheduled")

    def teardown(self) -> None:
        """The ticks of later examples find nothing of this one."""
        for wanted in reversed(self.dated):
            if self.state[wanted] is VersionState.SCHEDULED:
                self.give_up(wanted)

    @rule(choice=st.integers(0, 5))
    def cancel(self, choice: int) -> None:
        self.give_up(self.some(choice))

    def give_up(self, wanted: UUID) -> None:
        found = self.ask(GetVersion(version_id=wanted))
        request = CancelVersion(version_id=wanted, expected_version=found.version)
        was = self.state[wanted]
        if was is VersionState.DRAFT or (was is VersionState.SCHEDULED and wanted == self.dated[-1]):
            self.ask(request)
            self.state[wanted] = VersionState.CANCELLED
            if was is VersionState.SCHEDULED:
                self.says(wanted, "product_version.cancelled")
        else:
            self.refuse(request, "VERSION_LOCKED")

    @precondition(lambda self: VersionState.SCHEDULED in self.state.values())
    @rule()
    def let_three_minutes_pass(self) -> None:
        self.now += timedelta(minutes=3)
        self.tenant.client.now = self.now
        self.tick("minute", self.now)
        for version_id in self.dated:
            if self.state[version_id] is VersionState.SCHEDULED and self.starts[version_id] <= self.now:
                (before,) = (id_ for id_, state in self.state.items() if state is VersionState.EFFECTIVE)
                self.state[version_id], self.state[before] = VersionState.EFFECTIVE, VersionState.SUPERSEDED
                self.says(version_id, "product_version.effective")
                self.says(before, "product_version.superseded")

    @invariant()
    def the_actor_agrees(self) -> None:
        listed = self.ask(ListVersions(product_id=self.product_id, limit=50)).items
        assert {version.id: version.state for version in listed} == self.state
        chain = sorted(
            (version for version in listed if version.id in self.dated), key=lambda version: self.starts[version.id]
        )
        assert [version.state for version in chain].count(VersionState.EFFECTIVE) == 1
        for earlier, later in pairwise(chain):
            assert earlier.effective_to == later.effective_from


class PromotionLife(DrivenLife):
    """A promotion moves as its table says; each move is stated once and an end is an end."""

    @initialize()
    def begin(self) -> None:
        self.tenant.client.now, self.days_gone = MARCH_10, 0
        self.product_id = self.ask(box(f"P-{self.number()}")).product_id
        self.state: dict[UUID, PromotionStatus] = {}
        self.dates: dict[UUID, tuple[date, date]] = {}

    @property
    def today(self) -> date:
        return FIRST_DAY + timedelta(days=self.days_gone)

    def move(self, promotion_id: UUID, trigger: str, fact: str) -> None:
        self.state[promotion_id] = PROMOTION.after(trigger, self.state[promotion_id])
        self.says(promotion_id, fact)

    def scheduled(self, promotion_id: UUID) -> None:
        self.move(promotion_id, "schedule", "promotion.scheduled")
        if self.dates[promotion_id][0] <= self.today:
            self.move(promotion_id, "start", "promotion.started")

    def some(self, choice: int) -> UUID:
        return list(self.state)[choice % len(self.state)]

    @precondition(lambda self: len(self.state) < 4)
    @rule(start=st.integers(0, 1), length=st.integers(0, 1), draft=st.booleans())
    def create(self, start: int, length: int, draft: bool) -> None:
        first = self.today + timedelta(days=start)
        last = first + timedelta(days=length)
        request = promotion(self.product_id, code=f"P-{self.number()}", starts_on=first, ends_on=last, draft=draft)
        made = self.ask(request)
        self.state[made.promotion_id], self.dates[made.promotion_id] = PromotionStatus.DRAFT, (first, last)
        if not draft:
            self.scheduled(made.promotion_id)

    @precondition(lambda self: self.state)
    @rule(choice=st.integers(0, 3))
    def schedule(self, choice: int) -> None:
        wanted = self.some(choice)
        found = self.ask(GetPromotion(promotion_id=wanted))
        self.ask(UpdatePromotion(promotion_id=wanted, expected_version=found.version, schedule=True))
        if self.state[wanted] is PromotionStatus.DRAFT:
            self.scheduled(wanted)

    def teardown(self) -> None:
        """The ticks of later examples find nothing of this one."""
        for wanted in self.state:
            self.stop(wanted)

    @precondition(lambda self: self.state)
    @rule(choice=st.integers(0, 3))
    def cancel(self, choice: int) -> None:
        self.stop(self.some(choice))

    def stop(self, wanted: UUID) -> None:
        request = CancelPromotion(promotion_id=wanted, reason="essai")
        if not PROMOTION.allows("cancel", self.state[wanted]):
            self.refuse(request, "INVALID_TRANSITION")
            return
        was = self.state[wanted]
        self.ask(request)
        self.state[wanted] = PROMOTION.after("cancel", was)
        self.says(wanted, "promotion.cancelled")

    @precondition(lambda self: self.state and self.days_gone < 3)
    @rule()
    def let_a_day_pass(self) -> None:
        self.days_gone += 1
        self.tenant.client.now = MARCH_10 + timedelta(days=self.days_gone)
        self.tick("day", self.instant(self.today, hour=6))
        for promotion_id, (first, last) in self.dates.items():
            if self.state[promotion_id] is PromotionStatus.SCHEDULED and first <= self.today:
                self.move(promotion_id, "start", "promotion.started")
            if self.state[promotion_id] is PromotionStatus.RUNNING and last < self.today:
                self.move(promotion_id, "end", "promotion.ended")

    @invariant()
    def the_actor_agrees(self) -> None:
        for promotion_id, status in self.state.items():
            assert self.ask(GetPromotion(promotion_id=promotion_id)).status is status


class BundleLife(DrivenLife):
    """A product is a bundle once, of at least two others that are none; each change counts one version."""

    @initialize()
    def begin(self) -> None:
        self.tenant.client.now = MARCH_10
        self.products = [self.ask(box(f"B-{self.number()}")).product_id for _ in range(4)]
        self.parts: dict[UUID, tuple[UUID, ...]] = {}
        self.made: dict[UUID, tuple[UUID, int]] = {}
        self.says(self.products[0], "product.created")

    def price(self) -> BundlePrice:
        return BundlePrice(kind=BundlePricing.DISCOUNT_PERCENT, percent=Decimal(10))

    def refusal(self, product_id: UUID, parts: tuple[UUID, ...]) -> str | None:
        if product_id in parts or len(set(parts)) != len(parts) or not set(parts) <= set(self.products):
            return "BUNDLE_"
        is_part = any(product_id in other for owner, other in self.parts.items() if owner != product_id)
        return "BUNDLE_NESTED" if is_part or any(part in self.parts for part in parts) else None

    @rule(of=st.integers(0, 3), parts=st.lists(st.integers(0, 4), min_size=2, max_size=3))
    def bundle(self, of: int, parts: list[int]) -> None:
        known = [*self.products, uuid4()]
        product_id, chosen = known[of], tuple(known[part] for part in parts)
        components = tuple(BundleComponent(product_id=part) for part in chosen)
        code = self.refusal(product_id, chosen)
        if product_id in self.parts:
            bundle_id, version = self.made[product_id]
            change = UpdateBundle(bundle_id=bundle_id, expected_version=version, components=components)
            if code is None:
                self.made[product_id] = (bundle_id, self.ask(change).version)
                self.parts[product_id] = chosen
            else:
                self.refuse(change, "BUNDLE_|PRODUCT_NOT_FOUND")
        create = CreateBundle(product_id=product_id, components=components, pricing=self.price())
        if code is not None or product_id in self.parts:
            self.refuse(create, "BUNDLE_|PRODUCT_NOT_FOUND")
            return
        made = self.ask(create)
        self.parts[product_id], self.made[product_id] = chosen, (made.bundle_id, 1)

    @invariant()
    def the_actor_agrees(self) -> None:
        for product_id, parts in self.parts.items():
            found = self.ask(GetBundle(product_id=product_id))
            assert tuple(part.product_id for part in found.components) == parts
            assert (found.bundle_id, found.version) == self.made[product_id]
            assert not self.parts.keys() & set(parts)


async def test_there_is_always_one_default_list_that_never_ends(running: Running, tenant: Tenant) -> None:
    tenant.client.now = MARCH_10
    facts = ("price_list.saved", "price_list.default_changed", "price_list.expired")
    await drive(PriceListLife, running, tenant, facts)


async def test_versions_follow_one_another_without_gap_or_overlap(running: Running, tenant: Tenant) -> None:
    facts = [f"product_version.{fact}" for fact in ("scheduled", "effective", "superseded", "cancelled")]
    await drive(VersionLife, running, tenant, facts)


async def test_promotions_move_as_their_table_says(running: Running, tenant: Tenant) -> None:
    facts = [f"promotion.{fact}" for fact in ("scheduled", "started", "ended", "cancelled")]
    await drive(PromotionLife, running, tenant, facts)


async def test_bundles_are_never_nested(running: Running, tenant: Tenant) -> None:
    await drive(BundleLife, running, tenant, ("product.created",))

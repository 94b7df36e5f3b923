"""Who may buy a product."""

from datetime import date

from messages.products.eligibility import EligibilityFacts, EligibilityRule, Ineligibility
from messages.values.addresses import department_of


def age_on(birth_date: date, day: date) -> int:
    """Full years; somebody born on 29 February is a year older on 1 March of a common year."""
    return day.year - birth_date.year - ((day.month, day.day) < (birth_date.month, birth_date.day))


def reasons_against(rule: EligibilityRule, facts: EligibilityFacts, day: date) -> tuple[Ineligibility, ...]:
    """Every reason why somebody may not buy; none means that he may. An unknown fact counts against him."""
    age = age_on(facts.birth_date, day) if facts.birth_date is not None else None
    department = facts.department or department_of(facts.postal_code or "")
    owned = set(facts.owned_product_ids)
    is_outside = bool(rule.departments_in) and department not in rule.departments_in
    findings = {
        Ineligibility.AGE_TOO_LOW: rule.min_age is not None and (age is None or age < rule.min_age),
        Ineligibility.AGE_TOO_HIGH: rule.max_age is not None and (age is None or age > rule.max_age),
        Ineligibility.ZONE: is_outside or (bool(rule.departments_out) and _may_lie_in(department, rule)),
        Ineligibility.CLIENT_TYPE: bool(rule.client_types) and facts.client_type not in rule.client_types,
        Ineligibility.MISSING_PRODUCT: not owned.issuperset(rule.existing_product_ids),
        Ineligibility.EXCLUDED_PRODUCT: not owned.isdisjoint(rule.excluded_product_ids),
    }
    return tuple(reason for reason, holds in findings.items() if holds)


def _may_lie_in(department: str | None, rule: EligibilityRule) -> bool:
    return department is None or department in rule.departments_out

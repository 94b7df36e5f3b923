"""How much two records look like one client: a score of 0 to 100 with its evidence (clients 6.3)."""

from dataclasses import dataclass
from enum import StrEnum

from messages.clients import DuplicateLevel, DuplicateThresholds, OnDuplicate

_DEFAULT = DuplicateThresholds()
_OTHER_ESTABLISHMENT_CAP = 55


class Evidence(StrEnum):
    """What speaks for, or against, one and the same client."""

    FAMILY_NAME = "FAMILY_NAME"
    GIVEN_NAME = "GIVEN_NAME"
    OTHER_GIVEN_NAME = "OTHER_GIVEN_NAME"
    BIRTH_DATE = "BIRTH_DATE"
    OTHER_BIRTH_DATE = "OTHER_BIRTH_DATE"
    PHONE = "PHONE"
    EMAIL = "EMAIL"
    IBAN = "IBAN"
    ADDRESS = "ADDRESS"
    POSTAL_CODE = "POSTAL_CODE"
    SIRET = "SIRET"
    SIREN = "SIREN"
    OTHER_SIREN = "OTHER_SIREN"
    SAME_LEGAL_UNIT = "SAME_LEGAL_UNIT"
    VAT_NUMBER = "VAT_NUMBER"
    NAME = "NAME"


@dataclass(frozen=True, slots=True)
class Portrait:
    """What is compared of a client; names in search form, contact points and accounts as fingerprints."""

    business: bool
    family_name: str = ""
    given_name: str = ""
    name: str = ""
    birth_hash: str | None = None
    emails: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    accounts: frozenset[str] = frozenset()
    addresses: frozenset[tuple[str, str]] = frozenset()
    siren: str | None = None
    siret: str | None = None
    vat_number: str | None = None


def jaro_winkler(left: str, right: str) -> float:
    """Winkler's similarity of two texts, 0 to 1; the prefix counts only above a Jaro of 0.7."""
    if left == right:
        return 1.0
    reach = max(len(left), len(right)) // 2 - 1
    taken = [False] * len(right)
    common = []
    for index, letter in enumerate(left):
        for other in range(max(0, index - reach), min(len(right), index + reach + 1)):
            if not taken[other] and right[other] == letter:
                taken[other] = True
                common.append(letter)
                break
    if not common:
        return 0.0
    mirrored = [letter for letter, found in zip(right, taken, strict=True) if found]
    mismatches = sum(ours != theirs for ours, theirs in zip(common, mirrored, strict=True))
    matches = len(common)
    jaro = (matches / len(left) + matches / len(right) + (matches - mismatches // 2) / matches) / 3
    if jaro <= 0.7:
        return jaro
    prefix = 0
    for ours, theirs in zip(left[:4], right[:4], strict=False):
        if ours != theirs:
            break
        prefix += 1
    return jaro + 0.1 * prefix * (1 - jaro)


def likeness(one: Portrait, other: Portrait) -> tuple[int, tuple[Evidence, ...]]:
    """The score of two records and what it rests on; a person and a company are never the same."""
    if one.business != other.business:
        return 0, ()
    points = _business_points(one, other) if one.business else _person_points(one, other)
    score = max(0, min(100, sum(points.values())))
    if Evidence.SAME_LEGAL_UNIT in points:
        score = min(score, _OTHER_ESTABLISHMENT_CAP)
    return score, tuple(points)


def level_of(score: int, thresholds: DuplicateThresholds = _DEFAULT) -> DuplicateLevel | None:
    """How sure a score is; None below what is possible."""
    if score >= thresholds.certain:
        return DuplicateLevel.CERTAIN
    if score >= thresholds.probable:
        return DuplicateLevel.PROBABLE
    return DuplicateLevel.POSSIBLE if score >= thresholds.possible else None


def is_refused(level: DuplicateLevel, policy: OnDuplicate) -> bool:
    """Whether a new client is refused because of such a match."""
    match policy:
        case OnDuplicate.ALLOW:
            return False
        case OnDuplicate.REJECT_PROBABLE:
            return level in (DuplicateLevel.PROBABLE, DuplicateLevel.CERTAIN)
        case _:
            return level is DuplicateLevel.CERTAIN


def _person_points(one: Portrait, other: Portrait) -> dict[Evidence, int]:
    points: dict[Evidence, int] = {}
    if one.family_name == other.family_name:
        points[Evidence.FAMILY_NAME] = 30
    elif jaro_winkler(one.family_name, other.family_name) >= 0.92:
        points[Evidence.FAMILY_NAME] = 25
    _compare_given_names(one.given_name, other.given_name, points)
    if one.birth_hash and other.birth_hash:
        if one.birth_hash == other.birth_hash:
            points[Evidence.BIRTH_DATE] = 30
        else:
            points[Evidence.OTHER_BIRTH_DATE] = -30
    _compare_contacts(one, other, points, phone=25, email=35, address=15)
    return points


def _compare_given_names(one: str, other: str, points: dict[Evidence, int]) -> None:
    if not (one and other):
        return
    if one == other:
        points[Evidence.GIVEN_NAME] = 15
    elif 1 in (len(one), len(other)) and one[0] == other[0]:
        points[Evidence.GIVEN_NAME] = 5
    elif (similarity := jaro_winkler(one, other)) >= 0.90:
        points[Evidence.GIVEN_NAME] = 10
    elif similarity < 0.80:
        points[Evidence.OTHER_GIVEN_NAME] = -25


def _business_points(one: Portrait, other: Portrait) -> dict[Evidence, int]:
    points: dict[Evidence, int] = {}
    if one.siret and one.siret == other.siret:
        return {Evidence.SIRET: 100}
    if one.siren and one.siren == other.siren:
        if one.siret and other.siret:
            points[Evidence.SAME_LEGAL_UNIT] = 50
        else:
            points[Evidence.SIREN] = 80
    elif one.siren and other.siren:
        points[Evidence.OTHER_SIREN] = -60
    elif one.vat_number and one.vat_number == other.vat_number:
        points[Evidence.VAT_NUMBER] = 80
    if one.name == other.name:
        points[Evidence.NAME] = 40
    elif jaro_winkler(one.name, other.name) >= 0.93:
        points[Evidence.NAME] = 30
    _compare_contacts(one, other, points, phone=20, email=30, address=20)
    return points


def _compare_contacts(
    one: Portrait, other: Portrait, points: dict[Evidence, int], *, phone: int, email: int, address: int
) -> None:
    if one.phones & other.phones:
        points[Evidence.PHONE] = phone
    if one.emails & other.emails:
        points[Evidence.EMAIL] = email
    if one.accounts & other.accounts:
        points[Evidence.IBAN] = 30
    if one.addresses & other.addresses:
        points[Evidence.ADDRESS] = address
    elif {code for code, _ in one.addresses} & {code for code, _ in other.addresses}:
        points[Evidence.POSTAL_CODE] = 5

"""Which changes of a contract break somebody, shown with small made-up contracts."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.command_line.contract_changes import breaking_changes

CONTRACT: dict[str, Any] = {
    "requests": {
        "open_shop": {"request": {"$ref": "#/$defs/OpenShop"}, "reply": {"$ref": "#/$defs/Shop"}},
    },
    "events": {"shop.opened": {"version": 1, "payload": {"$ref": "#/$defs/ShopOpened"}}},
    "$defs": {
        "OpenShop": {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "kind": {"$ref": "#/$defs/Kind"},
                "floor": {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None},
                "days": {"type": "array", "items": {"type": "string", "format": "date"}},
                "owner": {"oneOf": [{"$ref": "#/$defs/Person"}, {"$ref": "#/$defs/Firm"}]},
            },
            "required": ["name"],
        },
        "Person": {
            "type": "object",
            "properties": {"type": {"const": "person", "type": "string"}, "born": {"type": "string", "format": "date"}},
            "required": ["type"],
        },
        "Firm": {
            "type": "object",
            "properties": {"type": {"const": "firm", "type": "string"}, "siren": {"type": "string"}},
            "required": ["type"],
        },
        "Kind": {"type": "string", "enum": ["BAKERY", "BOOKS"]},
        "Shop": {
            "type": "object",
            "properties": {
                "shop_id": {"type": "string", "format": "uuid"},
                "kind": {"$ref": "#/$defs/Kind"},
                "branches": {"type": "array", "items": {"$ref": "#/$defs/Shop"}},
                "turnover": {"type": "string"},
            },
            "required": ["shop_id", "kind", "branches", "turnover"],
        },
        "ShopOpened": {
            "type": "object",
            "properties": {"shop_id": {"type": "string", "format": "uuid"}, "kind": {"$ref": "#/$defs/Kind"}},
            "required": ["shop_id", "kind"],
        },
    },
}


def changed(path: str, value: Any = None, *, contract: dict[str, Any] | None = None) -> dict[str, Any]:
    """The contract with one place set, or removed when the value is None."""
    copy = deepcopy(contract or CONTRACT)
    *parents, last = path.split("/")
    place: Any = copy
    for name in parents:
        place = place[name]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return copy


def breaks(new: dict[str, Any], old: dict[str, Any] | None = None) -> list[str]:
    """The sentences about a change."""
    return breaking_changes({"schemas/shops.json": old or CONTRACT}, {"schemas/shops.json": new})


REQUEST, REPLY, EVENT = "$defs/OpenShop", "$defs/Shop", "$defs/ShopOpened"


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (changed("requests/open_shop"), ["request open_shop is gone"]),
        (changed("events/shop.opened"), ["event shop.opened is gone"]),
        (changed(f"{REQUEST}/properties/floor"), ["open_shop.floor: the field is gone"]),
        (changed(f"{REPLY}/properties/turnover"), ["reply of open_shop.turnover: the field is gone"]),
        (changed(f"{EVENT}/properties/shop_id"), ["event shop.opened.shop_id: the field is gone"]),
        (changed(f"{REQUEST}/properties/name/type", "integer"), ["open_shop.name: type string became integer"]),
        (
            changed(f"{REQUEST}/properties/days/items/format", "date-time"),
            ["open_shop.days[]: type string (date) became string (date-time)"],
        ),
        (
            changed(f"{REPLY}/properties/turnover/type", "number"),
            ["reply of open_shop.turnover: type string became number"],
        ),
        (changed(f"{REQUEST}/required", ["name", "kind"]), ["open_shop.kind: the field is now required"]),
        (changed(f"{REQUEST}/properties/floor", {"type": "integer"}), ["open_shop.floor: type null became integer"]),
        (
            changed(f"{REQUEST}/properties/name", {"type": "string", "enum": ["A"]}),
            ["open_shop.name: any value became one of 'A'"],
        ),
        (changed(f"{EVENT}/required", ["shop_id"]), ["event shop.opened.kind: the field may now be missing"]),
        (
            changed(f"{EVENT}/properties/shop_id", {"anyOf": [{"type": "string", "format": "uuid"}, {"type": "null"}]}),
            ["event shop.opened.shop_id: type string (uuid) became null"],
        ),
        (changed("$defs/Firm/properties/siren"), ["open_shop.owner.siren: the field is gone"]),
        (
            changed(f"{REQUEST}/properties/owner", {"$ref": "#/$defs/Person"}),
            ["open_shop.owner.type: the value 'firm' is gone", "open_shop.owner.siren: the field is gone"],
        ),
    ],
)
def test_a_change_that_somebody_cannot_survive_is_named(new: dict[str, Any], expected: list[str]) -> None:
    assert breaks(new) == [f"shops: {text}" for text in expected]


def test_a_removed_value_is_named_wherever_it_is_used() -> None:
    assert breaks(changed("$defs/Kind/enum", ["BOOKS"])) == [
        "shops: open_shop.kind: the value 'BAKERY' is gone",
        "shops: reply of open_shop.kind: the value 'BAKERY' is gone",
        "shops: event shop.opened.kind: the value 'BAKERY' is gone",
    ]


def test_a_new_required_field_breaks_callers_but_pleases_readers() -> None:
    added = {"type": "string"}
    request = changed(f"{REQUEST}/properties/street", added)
    request = changed(f"{REQUEST}/required", ["name", "street"], contract=request)
    assert breaks(request) == ["shops: open_shop.street: the field is now required"]
    event = changed(f"{EVENT}/properties/street", added)
    assert breaks(changed(f"{EVENT}/required", ["shop_id", "kind", "street"], contract=event)) == []


@pytest.mark.parametrize(
    "new",
    [
        changed(f"{REQUEST}/properties/street", {"type": "string"}),
        changed(f"{REQUEST}/required", []),
        changed(f"{REQUEST}/properties/name", {"anyOf": [{"type": "string"}, {"type": "null"}]}),
        changed("$defs/Kind/enum", ["BAKERY", "BOOKS", "FLOWERS"]),
        changed(f"{REQUEST}/properties/floor/anyOf", [{"type": "null"}, {"type": "number"}]),
        changed(f"{REQUEST}/properties/floor", {"type": ["integer", "null"]}),
        changed("requests/close_shop", CONTRACT["requests"]["open_shop"]),
        changed("events/shop.closed", CONTRACT["events"]["shop.opened"]),
    ],
)
def test_a_wider_contract_breaks_nobody(new: dict[str, Any]) -> None:
    assert breaks(new) == []


def test_another_name_of_the_same_definition_breaks_nobody() -> None:
    renamed = changed("$defs/ShopKind", CONTRACT["$defs"]["Kind"])
    assert breaks(changed(f"{EVENT}/properties/kind", {"$ref": "#/$defs/ShopKind"}, contract=renamed)) == []


def test_an_event_of_a_newer_version_may_differ_but_not_vanish() -> None:
    new = changed(f"{EVENT}/properties/kind")
    assert breaks(changed("events/shop.opened/version", 2, contract=new)) == []
    assert breaks(changed("events/shop.opened")) == ["shops: event shop.opened is gone"]


def test_an_actor_that_vanishes_breaks_everybody() -> None:
    assert breaking_changes({"schemas/shops.json": CONTRACT}, {}) == ["shops: the actor's messages are gone"]


@given(st.data())
def test_a_contract_never_breaks_itself_and_every_removal_inside_it_is_seen(data: st.DataObject) -> None:
    assert breaks(deepcopy(CONTRACT)) == []
    definition = data.draw(st.sampled_from(["OpenShop", "Shop", "ShopOpened"]))
    field = data.draw(st.sampled_from(sorted(CONTRACT["$defs"][definition]["properties"])))
    found = breaks(changed(f"$defs/{definition}/properties/{field}"))
    assert any(text.endswith(f".{field}: the field is gone") for text in found)

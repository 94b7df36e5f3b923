import uuid

from hypothesis import given
from hypothesis import strategies as st

from messages.values.identifiers import derived_id, new_id


def test_new_ids_are_version_7_and_increase() -> None:
    ids = [new_id() for _ in range(1000)]
    assert {type(one) for one in ids} == {uuid.UUID}
    assert {one.version for one in ids} == {7}
    assert ids == sorted(set(ids))


def test_the_namespace_of_derived_ids_never_changes() -> None:
    request_id = uuid.UUID("0190a6f0-0000-7000-8000-0000000000a1")
    assert str(derived_id(request_id, "collect", 1)) == "f5113971-f7ab-5abf-a9d3-c843fc8fac1c"


@given(st.lists(st.one_of(st.integers(), st.text(alphabet="abc"), st.uuids()), min_size=1))
def test_the_same_parts_give_the_same_id_and_another_part_another_id(parts: list[object]) -> None:
    assert derived_id(*parts) == derived_id(*parts)
    assert derived_id(*parts, "more") != derived_id(*parts)
    assert derived_id(*parts).version == 5

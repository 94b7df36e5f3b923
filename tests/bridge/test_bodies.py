"""What the bridge makes of query parameters, If-Match and OAuth forms."""

import base64
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from messages.problem import Refused
from runtime.bridge.bodies import body_of_query, entity_tag, with_expected_version
from runtime.bridge.machine_tokens import credentials_of
from runtime.bridge.problems import locale_of

_CONTENT = st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5) | st.none(), max_size=4)


@given(content=_CONTENT, version=st.integers(0, 10**9), indented=st.booleans())
def test_if_match_adds_the_version_and_changes_nothing_else(
    content: dict[str, Any], version: int, indented: bool
) -> None:
    content.pop("expected_version", None)
    content = {key: value for key, value in content.items() if not isinstance(value, int) or abs(value) < 2**53}
    body = b" \n" + orjson.dumps(content, option=orjson.OPT_INDENT_2 if indented else 0)
    found = orjson.loads(with_expected_version(body, f'"{version}"', takes_version=True))
    assert found == content | {"expected_version": version}


def test_amounts_stay_as_they_were_written() -> None:
    body = b'{"amount": 12.10, "big": 12345678901234567890.123}'
    assert with_expected_version(body, 'W/"3"', takes_version=True) == b'{"expected_version":3,' + body[1:]
    assert with_expected_version(b"", '"3"', takes_version=True) == b'{"expected_version":3}'


@pytest.mark.parametrize("tag", ["*", "3", '"a"', '"1", "2"', ""])
def test_an_if_match_that_is_no_version_is_refused(tag: str) -> None:
    with pytest.raises(Refused, match="ETag"):
        with_expected_version(b"{}", tag, takes_version=True)


def test_repeated_parameters_are_lists_where_the_request_has_a_list() -> None:
    kinds = {"status": "list", "limit": "scalar"}
    assert orjson.loads(body_of_query(QueryParams("status=A&limit=2&status=B"), kinds)) == {
        "status": ["A", "B"],
        "limit": "2",
    }
    assert orjson.loads(body_of_query(QueryParams("status=A"), kinds)) == {"status": ["A"]}
    with pytest.raises(Refused, match="limit takes one value"):
        body_of_query(QueryParams("limit=1&limit=2"), kinds)


def test_a_tag_comes_from_the_version_of_the_reply() -> None:
    assert entity_tag(b'{"version":7}') == '"7"'
    assert entity_tag(b'{"version":null}') is None


@pytest.mark.parametrize(
    ("given_header", "locale"),
    [(None, "fr"), ("en-GB,en;q=0.9", "en"), ("*", "fr"), ("de;q=1", "de"), ("fr-FR", "fr"), ("é", "fr")],
)
def test_the_first_language_counts(given_header: str | None, locale: str) -> None:
    assert locale_of(given_header) == locale


def test_client_credentials_come_by_basic_or_form() -> None:
    basic = "Basic " + base64.b64encode(b"erp%3Aone:s%2Fcret").decode()
    assert credentials_of(basic, {}) == ("erp:one", "s/cret")
    assert credentials_of(None, {"client_id": ["erp"], "client_secret": ["s"]}) == ("erp", "s")
    for wrong in ("Basic !!!", "Basic " + base64.b64encode(b"erp:").decode()):
        assert credentials_of(wrong, {}) is None
    assert credentials_of(None, {"client_id": ["a", "b"], "client_secret": ["s"]}) is None

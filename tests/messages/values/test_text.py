from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from messages.values.text import PRINTABLE, Label, NonBlank, compact, search_form, text_of, tidy_name
from tests.messages.values.validation import code_of_refusal


class Card(BaseModel):
    name: Label
    line: Annotated[str, text_of(38), PRINTABLE] = "x"


def test_texts_are_trimmed() -> None:
    assert Card(name="  Dupont SARL ").name == "Dupont SARL"


@pytest.mark.parametrize("name", ["", "   ", "x" * 101])
def test_blank_and_long_texts_are_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        Card(name=name)


def test_a_text_of_another_length_keeps_its_own_bound() -> None:
    with pytest.raises(ValidationError, match="at most 38"):
        Card(name="x", line="y" * 39)


def test_control_characters_that_the_database_refuses_are_refused_here() -> None:
    assert code_of_refusal(NonBlank, "a\x00b") == "TEXT_INVALID"
    assert Card(name="two\nlines").name == "two\nlines"


@pytest.mark.parametrize(
    ("typed", "tidy"),
    [
        ("JEAN-PIERRE", "Jean-Pierre"),
        ("jean-pierre", "Jean-Pierre"),
        ("DE LA TOUR", "de La Tour"),
        ("D'ORMESSON", "d'Ormesson"),
        ("LE GOFF", "Le Goff"),
        ("McDonald", "McDonald"),
        ("O'BRIEN", "O'Brien"),
        ("VAN DER BERG", "van der Berg"),
        ("DE", "De"),
        ("ÉLÉONORE", "Éléonore"),
        (" Marie  Curie ", "Marie  Curie"),
        ("", ""),
    ],
)
def test_names_typed_in_one_case_get_their_capitals(typed: str, tidy: str) -> None:
    assert tidy_name(typed) == tidy


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyzéèç' -", max_size=30))
def test_a_tidy_name_has_the_same_letters(name: str) -> None:
    assert tidy_name(name).lower() == " ".join(name.split())
    assert tidy_name(name.upper()) == tidy_name(name)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("Éléonore  d'Ormesson", "eleonore d'ormesson"),
        ("  Cœur & Fils ", "coeur & fils"),
        ("Straße", "strasse"),
        ("100%", "100%"),
        ("FRANÇOIS\u00a0NOËL", "francois noel"),
    ],
)
def test_the_search_form_has_no_case_no_accents_and_single_spaces(text: str, form: str) -> None:
    assert search_form(text) == form


@given(st.text(max_size=50))
def test_the_search_form_of_a_search_form_is_itself(text: str) -> None:
    assert search_form(search_form(text)) == search_form(text)


def test_compact_removes_what_people_type_between_digits() -> None:
    assert compact("fr76\u00a03000.6000-0112\u202f3456\t7890‑189") == "FR7630006000011234567890189"

"""Makes a mail from a template: one body gives the plain text and, with every value escaped, the HTML."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from babel.dates import format_date
from babel.numbers import format_currency
from jinja2 import StrictUndefined, meta
from jinja2 import Template as CompiledTemplate
from jinja2.exceptions import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from actors.engagement.templates import english, french, reminders
from actors.engagement.templates.template import Template
from messages.engagement import TEMPLATE_NOT_FOUND, TEMPLATE_VARIABLES_INVALID, EmailCategory
from messages.problem import Refused

__all__ = ["Rendered", "Template", "category_of", "render", "render_short"]

_CATALOGUES: Mapping[str, Mapping[str, Template]] = {
    "fr": french.TEMPLATES | reminders.FRENCH,
    "en": english.TEMPLATES | reminders.ENGLISH,
}
_LONGEST_SUBJECT = 200
_COMMON = frozenset({"company_name", "locale"})
_LAYOUT = """<!DOCTYPE html>
<html lang="{locale}"><body style="font-family:sans-serif;color:#1e293b;max-width:40em">
{body}
<p style="color:#64748b;font-size:small">{sender}</p>
</body></html>
"""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A mail ready to be stored."""

    subject: str
    text: str
    html: str


def category_of(key: str) -> EmailCategory:
    """What mails of a template are for; TEMPLATE_NOT_FOUND for an unknown key."""
    return _template(key, "fr").category


def render(key: str, locale: str, variables: Mapping[str, Any], *, company_name: str, strict: bool = True) -> Rendered:
    """The mail of a template in a language, French when there is no other.

    Refuses missing variables (TEMPLATE_VARIABLES_INVALID), and unknown ones when `strict`.
    """
    language = _language(locale)
    template = _template(key, language)
    needed = _names(template.subject + "\n" + template.body) - _COMMON
    missing, unknown = sorted(needed - variables.keys()), sorted(variables.keys() - needed) if strict else []
    if missing or unknown:
        raise Refused(
            TEMPLATE_VARIABLES_INVALID,
            f"template {key}: give variables {', '.join(missing) or 'as listed'}; unknown: {', '.join(unknown) or 'none'}",
            details={"missing": missing, "unknown": unknown},
        )
    values = {**variables, "company_name": company_name, "locale": language}
    try:
        subject = _compiled(language, False, template.subject).render(values)
        text = _compiled(language, False, template.body).render(values)
        body = _compiled(language, True, template.body).render(values)
        sender = _compiled(language, True, "{{ company_name }}").render(values)
    except (TemplateError, ValueError, ArithmeticError, TypeError) as error:
        raise Refused(
            TEMPLATE_VARIABLES_INVALID, f"template {key} cannot be made of these variables: {error}"
        ) from error
    html = _LAYOUT.format(locale=language, body=_paragraphs(body), sender=sender)
    return Rendered(" ".join(subject.split())[:_LONGEST_SUBJECT], f"{text.strip()}\n\n-- \n{company_name}\n", html)


def render_short(key: str, locale: str, variables: Mapping[str, Any], *, company_name: str) -> str:
    """The text message of a template in a language; refuses templates that have none and missing variables."""
    language = _language(locale)
    source = _template(key, language).short
    if source is None:
        raise Refused(TEMPLATE_NOT_FOUND, f"template {key} has no text message; send it by mail")
    missing = sorted(_names(source) - _COMMON - variables.keys())
    if missing:
        raise Refused(
            TEMPLATE_VARIABLES_INVALID, f"template {key}: give {', '.join(missing)}", details={"missing": missing}
        )
    try:
        text = _compiled(language, False, source).render(
            {**variables, "company_name": company_name, "locale": language}
        )
    except (TemplateError, ValueError, ArithmeticError, TypeError) as error:
        raise Refused(
            TEMPLATE_VARIABLES_INVALID, f"template {key} cannot be made of these variables: {error}"
        ) from error
    return " ".join(text.split())


def _language(locale: str) -> str:
    found = locale.partition("-")[0]
    return found if found in _CATALOGUES else "fr"


@lru_cache(maxsize=512)
def _compiled(language: str, escaping: bool, source: str) -> CompiledTemplate:
    """A template's source compiled once; the sources are the seeded ones, so there are few."""
    return (_escaping(language) if escaping else _plain(language)).from_string(source)


def _template(key: str, language: str) -> Template:
    template = _CATALOGUES[language].get(key) or _CATALOGUES["fr"].get(key)
    if template is None:
        raise Refused(
            TEMPLATE_NOT_FOUND, f"there is no template '{key}'; known: {', '.join(sorted(_CATALOGUES['fr']))}"
        )
    return template


def _paragraphs(body: str) -> str:
    blocks = [block.strip().replace("\n", "<br>\n") for block in body.strip().split("\n\n")]
    return "\n".join(f"<p>{block}</p>" for block in blocks if block)


@lru_cache(maxsize=256)
def _names(source: str) -> frozenset[str]:
    return frozenset(meta.find_undeclared_variables(_plain("fr").parse(source)))


@lru_cache(maxsize=4)
def _plain(language: str) -> ImmutableSandboxedEnvironment:
    return _environment(language, escape=False)


@lru_cache(maxsize=4)
def _escaping(language: str) -> ImmutableSandboxedEnvironment:
    return _environment(language, escape=True)


def _environment(language: str, *, escape: bool) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(autoescape=escape, undefined=StrictUndefined, trim_blocks=True)
    environment.filters["money"] = lambda value: _money(value, language)
    environment.filters["date"] = lambda value: _date(value, language)
    return environment


def _money(value: Mapping[str, Any], language: str) -> str:
    """`1 234,56 €` in French, `€1,234.56` in English; the value is a Money as in events."""
    text: str = format_currency(Decimal(str(value["amount"])), str(value["currency"]), locale=language)
    return text


def _date(value: Any, language: str) -> str:
    text: str = format_date(date.fromisoformat(str(value)[:10]), format="long", locale=language)
    return text

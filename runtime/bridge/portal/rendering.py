"""Pages as responses: escaped HTML, one style whose hash the policy names, nothing cached, referred or framed."""

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse

from runtime.bridge.portal.texts import LANGUAGES, TEXTS, day_text, moment_text, money_text


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("runtime.bridge", "portal"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _style() -> str:
    return _environment().get_template("portal.css.j2").render()


@cache
def policy() -> str:
    """The Content-Security-Policy of every page: its own style and forms to itself, nothing else."""
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def page(
    template: str,
    language: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    company: str | None = None,
    here: str = "?",
    **fields: Any,
) -> HTMLResponse:
    """One page in one language. `here`: the address of the same page in another, up to its last parameter."""
    other = next(known for known in LANGUAGES if known != language)
    html = (
        _environment()
        .get_template(f"{template}.html.j2")
        .render(
            language=language,
            other_language=other,
            switch=f"{here}lang={other}",
            t=TEXTS[language],
            style=Markup(_style()),
            company=company,
            money=lambda amount: money_text(amount, language),
            day=lambda day: day_text(day, language),
            moment=lambda moment: moment_text(moment, language),
            iban=lambda iban: " ".join(iban[start : start + 4] for start in range(0, len(iban), 4)),
            **fields,
        )
    )
    found = {
        "cache-control": "no-store",
        "content-security-policy": policy(),
        "content-language": language,
        "referrer-policy": "no-referrer",
        "x-robots-tag": "noindex, nofollow",
        "vary": "accept-language, cookie",
    }
    return HTMLResponse(html, status, found | dict(headers or {}))

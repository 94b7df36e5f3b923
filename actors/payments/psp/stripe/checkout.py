"""Stripe with the page its customers see: pay, be declined, or go back.

`python -m actors.payments.psp.stripe.checkout --port 9000 --books payments.json --secret-key sk_test_1` runs it as a program
that writes every amount it took into its books.
"""

import argparse
import asyncio
import html
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from actors.payments.psp.stripe.simulator import StripeSimulator
from runtime import clock

_PAGE = """<!doctype html><html lang="en"><title>Checkout</title><h1>Pay {amount}</h1>
<p role="alert">{alert}</p>
<form method="post"><label for="holder">Cardholder name</label> <input id="holder" name="holder" value="MARTIN">
<button>Pay</button></form><a href="{cancel}">Back to the shop</a></html>"""


class CheckoutStripe(StripeSimulator):
    """`addresses` says where each page leads back to."""

    def __init__(self, *, port: int = 0, books: Path | None = None, secret_key: str = "sk_test_1") -> None:
        super().__init__(secret_key=secret_key, port=port)
        self.addresses: dict[str, dict[str, str]] = {}
        self._books = books

    def routes(self) -> list[Route]:
        return [*super().routes(), Route("/pay/{id}", self._show), Route("/pay/{id}", self._take, methods=["POST"])]

    def _open_session(self, request: Request, fields: dict[str, str]) -> Response:
        super()._open_session(request, fields)
        page_id, session = list(self.sessions.items())[-1]
        self.addresses[page_id] = {name: fields[name] for name in ("success_url", "cancel_url")}
        session["url"] = f"{self.origin}/pay/{page_id}"
        return JSONResponse(session)

    async def _show(self, request: Request) -> Response:
        return self._page(request.path_params["id"])

    async def _take(self, request: Request) -> Response:
        page_id = request.path_params["id"]
        holder = dict(parse_qsl((await request.body()).decode()))["holder"]
        self.pay(page_id, clock.now(), holder=holder)
        if self._books is not None:
            taken = [intent["amount"] for intent in self.intents.values() if intent["status"] == "succeeded"]
            self._books.write_text(json.dumps({"currency": "EUR", "cents": taken}) + "\n", encoding="utf-8")
        if self.sessions[page_id]["status"] == "complete":
            return RedirectResponse(self.addresses[page_id]["success_url"], 303)
        return self._page(page_id, "Your card was declined")

    def _page(self, page_id: str, alert: str = "") -> Response:
        session: dict[str, Any] = self.sessions[page_id]
        if session["status"] != "open":
            return HTMLResponse("<!doctype html><title>Over</title><p>This page is over", 410)
        escape: Callable[[str], str] = html.escape
        amount = f"{session['payment_intent']['amount'] / 100:.2f}" if session["payment_intent"] else "nothing"
        return HTMLResponse(
            _PAGE.format(amount=amount, alert=alert, cancel=escape(self.addresses[page_id]["cancel_url"]))
        )


async def _serve(simulator: CheckoutStripe) -> None:
    async with simulator:
        await asyncio.Event().wait()


def main() -> None:
    """Serve until terminated."""
    parser = argparse.ArgumentParser(prog="actors.payments.psp.stripe.checkout", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="where to listen on 127.0.0.1")
    parser.add_argument("--books", type=Path, required=True, help="the file for the amounts that were taken, in cents")
    parser.add_argument("--secret-key", required=True, help="what opens the account")
    chosen = parser.parse_args()
    asyncio.run(_serve(CheckoutStripe(port=chosen.port, books=chosen.books, secret_key=chosen.secret_key)))


if __name__ == "__main__":
    main()

"""HTTP clients for the services of others."""

import ssl
from functools import cache
from typing import Any

import httpx


def http_client(**options: Any) -> httpx.AsyncClient:
    """A client with the options of `httpx.AsyncClient`; all of one process share the trusted authorities.

    Reading those takes twenty milliseconds in which the event loop stands still.
    """
    return httpx.AsyncClient(verify=_trusted_authorities(), **options)


@cache
def _trusted_authorities() -> ssl.SSLContext:
    return httpx.create_ssl_context()

"""Hands a mail to an SMTP relay and says exactly what is known afterwards, for each recipient."""

import asyncio
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import aiosmtplib

from actors.engagement.rules import delivery
from messages.engagement import BounceType, RecipientStatus, SmtpSecurity

_CONNECT_SECONDS = 10.0
_COMMAND_SECONDS = 60.0
_AUTHENTICATION_CODES = (530, 534, 535)


class Outcome(StrEnum):
    """How an attempt ended as a whole. UNCERTAIN: the relay may have taken the mail, or not."""

    ANSWERED = "ANSWERED"
    NETWORK = "NETWORK"
    AUTH_FAILED = "AUTH_FAILED"
    UNCERTAIN = "UNCERTAIN"


@dataclass(frozen=True, slots=True)
class Account:
    """Where and as whom to sign in."""

    host: str
    port: int
    security: SmtpSecurity
    username: str | None
    password: str | None
    trusted: bool


@dataclass(frozen=True, slots=True)
class Word:
    """The last word about one recipient."""

    address: str
    status: RecipientStatus
    bounce: BounceType | None = None
    code: int | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What became of an attempt."""

    outcome: Outcome
    code: int | None = None
    text: str = ""
    recipients: Sequence[Word] = field(default_factory=tuple)


async def deliver(account: Account, sender: str, recipients: Sequence[str], message: bytes) -> Report:
    """One attempt to hand the message over; never raises for what a network or a relay may do."""
    try:
        client = await _signed_in(account, sender)
    except aiosmtplib.SMTPResponseException as error:
        return _refused_at_the_door(error)
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
        return Report(Outcome.NETWORK, text=_text(error))
    try:
        return await _hand_over(client, sender, recipients, message)
    finally:
        await _leave(client)


async def check(account: Account, sender: str) -> Report:
    """Sign in and leave: whether the account works."""
    try:
        client = await _signed_in(account, sender)
    except aiosmtplib.SMTPResponseException as error:
        return _refused_at_the_door(error)
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
        return Report(Outcome.NETWORK, text=_text(error))
    await _leave(client)
    return Report(Outcome.ANSWERED)


async def _signed_in(account: Account, sender: str) -> aiosmtplib.SMTP:
    await _refuse_private_host(account)
    client = aiosmtplib.SMTP(
        hostname=account.host,
        port=account.port,
        local_hostname=sender.rpartition("@")[2],
        timeout=_COMMAND_SECONDS,
        use_tls=account.security is SmtpSecurity.TLS,
        start_tls=account.security is SmtpSecurity.STARTTLS,
    )
    await client.connect(timeout=_CONNECT_SECONDS)
    try:
        if account.password is not None:
            await client.login(account.username or sender, account.password)
    except BaseException:
        client.close()
        raise
    return client


async def _refuse_private_host(account: Account) -> None:
    """A tenant's mailbox must not reach into the operator's network, whatever its name resolves to."""
    if account.trusted:
        return
    found = await asyncio.get_running_loop().getaddrinfo(account.host, account.port)
    if not all(ipaddress.ip_address(entry[4][0]).is_global for entry in found):
        raise aiosmtplib.SMTPConnectError(f"{account.host} lies in a private network; name a public mail server")


async def _hand_over(client: aiosmtplib.SMTP, sender: str, recipients: Sequence[str], message: bytes) -> Report:
    words: list[Word] = []
    accepted: list[str] = []
    try:
        options = [f"SIZE={len(message)}"] if client.supports_extension("size") else []
        await client.mail(sender, options=options)
        for address in recipients:
            try:
                await client.rcpt(address)
                accepted.append(address)
            except aiosmtplib.SMTPRecipientRefused as refusal:
                words.append(_word(address, refusal.code, refusal.message))
    except aiosmtplib.SMTPResponseException as error:
        return Report(Outcome.ANSWERED, error.code, error.message, _same_for(recipients, error))
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
        return Report(Outcome.NETWORK, text=_text(error))
    if not accepted:
        return Report(Outcome.ANSWERED, words[0].code, words[0].text, tuple(words))
    try:
        code, text = await client.data(message)
    except aiosmtplib.SMTPDataError as error:
        return Report(Outcome.ANSWERED, error.code, error.message, (*words, *_same_for(accepted, error)))
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
        return Report(Outcome.UNCERTAIN, text=_text(error), recipients=tuple(words))
    taken = tuple(Word(address, RecipientStatus.SENT, code=code, text=text) for address in accepted)
    return Report(Outcome.ANSWERED, code, text, (*words, *taken))


def _refused_at_the_door(error: aiosmtplib.SMTPResponseException) -> Report:
    is_authentication = error.code in _AUTHENTICATION_CODES
    return Report(Outcome.AUTH_FAILED if is_authentication else Outcome.NETWORK, error.code, error.message[:500])


def _same_for(addresses: Sequence[str], error: aiosmtplib.SMTPResponseException) -> tuple[Word, ...]:
    return tuple(_word(address, error.code, error.message) for address in addresses)


def _word(address: str, code: int, text: str) -> Word:
    meaning = delivery.meaning_of(code, text)
    return Word(address, meaning.status, meaning.bounce, code, text[:500])


def _text(error: BaseException) -> str:
    return (str(error) or type(error).__name__)[:500]


async def _leave(client: aiosmtplib.SMTP) -> None:
    try:
        await client.quit(timeout=2)
    except (aiosmtplib.SMTPException, OSError, TimeoutError):
        client.close()

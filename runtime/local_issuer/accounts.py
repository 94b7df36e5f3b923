"""The accounts of the local issuer: one file, readable by its owner only, with scrypt hashes (RFC 7914)."""

import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from messages.values.contact import checked_email
from messages.values.identifiers import new_id
from runtime import clock

FIRST_ACCOUNT = "admin@localhost"
_SHORTEST_PASSWORD = 12
_MOST_FAILURES = 5
_LOCK_SECONDS = 15 * 60
_SALT_BYTES = 16
_SCRYPT: dict[str, int] = {"n": 2**15, "r": 8, "p": 1, "maxmem": 64 * 1024 * 1024}


@dataclass(frozen=True, slots=True)
class Account:
    """Who may sign in."""

    subject: str
    email: str
    given_name: str
    family_name: str


@dataclass
class Accounts:
    """Reads the file at each sign-in, so that changes of the command line count at once; failures live in memory."""

    path: Path
    _failures: dict[bytes, list[float]] = field(default_factory=dict)

    @classmethod
    def existing(cls, folder: Path) -> Self:
        """The accounts of a folder that has some. Raises SystemExit otherwise: nobody would see the first password."""
        accounts = cls(folder / "accounts.json")
        if not accounts.path.exists():
            raise SystemExit(f"{folder} holds no accounts: make the first with 'crm user list --folder {folder}'")
        return accounts

    @classmethod
    def open(cls, folder: Path) -> tuple[Self, str | None]:
        """The accounts of a folder, and the first account's password when it was just made: it is shown this once."""
        folder.mkdir(parents=True, exist_ok=True)
        accounts = cls(folder / "accounts.json")
        if accounts.path.exists():
            return accounts, None
        password = secrets.token_urlsafe(15)
        accounts._write({FIRST_ACCOUNT: _entry("Local", "Administrator", password)})
        return accounts, password

    def add(self, email: str, given_name: str, family_name: str, password: str) -> Account:
        """A new account. ValueError says what is wrong with address or password."""
        address, entries = checked_email(email), self._read()
        if address in entries:
            raise ValueError(f"{address} exists already; change its password instead")
        entries[address] = _entry(given_name, family_name, _checked(password))
        self._write(entries)
        return _account(address, entries[address])

    def set_password(self, email: str, password: str) -> None:
        """Another password; an account that was locked opens."""
        entries = self._read()
        address = email.strip().lower()
        if address not in entries:
            raise ValueError(f"there is no account {email}; add it first")
        entries[address]["password"] = _hash(_checked(password)).hex()
        self._write(entries)

    def all(self) -> list[Account]:
        """Everybody, by address."""
        return [_account(email, entry) for email, entry in sorted(self._read().items())]

    def find(self, email: str) -> Account | None:
        """The account of an address."""
        entry = self._read().get(email.strip().lower())
        return None if entry is None else _account(email.strip().lower(), entry)

    def authenticate(self, email: str, password: str) -> Account | None:
        """Who signs in, or None: unknown, wrong and locked look the same and take as long. Slow: call it in a thread."""
        address = email.strip().lower()
        entry = self._read().get(address)
        stored = bytes.fromhex(entry["password"]) if entry else _NOBODY
        right = hmac.compare_digest(_digest(password, stored[:_SALT_BYTES]), stored[_SALT_BYTES:])
        if entry is None or self._is_locked(stored):
            return None
        if not right:
            self._failures.setdefault(stored, []).append(clock.monotonic())
            return None
        self._failures.pop(stored, None)
        return _account(address, entry)

    def _is_locked(self, stored: bytes) -> bool:
        """Five failures lock a password for fifteen minutes from the last one; another password opens the account."""
        failures = self._failures.get(stored, [])
        if len(failures) < _MOST_FAILURES:
            return False
        if clock.monotonic() - failures[-1] < _LOCK_SECONDS:
            return True
        del self._failures[stored]
        return False

    def _read(self) -> dict[str, dict[str, Any]]:
        entries: dict[str, dict[str, Any]] = json.loads(self.path.read_text())
        return entries

    def _write(self, entries: dict[str, dict[str, Any]]) -> None:
        write_secretly(self.path, json.dumps(entries, indent=1, sort_keys=True))


def write_secretly(path: Path, text: str) -> None:
    """Replace a file as a whole; it is readable by its owner only from the first byte on."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.replace(path)


def _entry(given_name: str, family_name: str, password: str) -> dict[str, Any]:
    return {
        "sub": str(new_id()),
        "given_name": given_name,
        "family_name": family_name,
        "password": _hash(password).hex(),
    }


def _account(email: str, entry: dict[str, Any]) -> Account:
    return Account(entry["sub"], email, entry["given_name"], entry["family_name"])


def _checked(password: str) -> str:
    if len(password) < _SHORTEST_PASSWORD:
        raise ValueError(f"a password has at least {_SHORTEST_PASSWORD} characters; choose a longer one")
    return password


def _hash(password: str) -> bytes:
    salt = secrets.token_bytes(_SALT_BYTES)
    return salt + _digest(password, salt)


def _digest(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, **_SCRYPT)


_NOBODY = _hash(secrets.token_urlsafe(15))

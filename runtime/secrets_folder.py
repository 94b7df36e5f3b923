"""The secrets of an embedded system: made at the first start, kept in its data folder, readable by its owner only."""

import json
import secrets
from pathlib import Path
from typing import Any

from runtime.key_provider import LocalKeyProvider
from runtime.nats_configuration import create_user_keys


class SecretsFolder:
    """NATS seeds, database passwords, the wrapping key and the development issuer's seed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)

    def nats_keys(self, users: list[str]) -> dict[str, tuple[str, str]]:
        """Seed and public key of each user; a new user gets new ones."""
        known = self._read("nats.json")
        for user in users:
            if user not in known:
                known[user] = list(create_user_keys())
        self._write("nats.json", known)
        return {user: (known[user][0], known[user][1]) for user in users}

    def database_passwords(self, roles: list[str]) -> dict[str, str]:
        """One random password per database role."""
        known = self._read("databases.json")
        for role in roles:
            known.setdefault(role, secrets.token_urlsafe(24))
        self._write("databases.json", known)
        return {role: known[role] for role in roles}

    def key_file(self) -> Path:
        """The 32-byte key that wraps the data keys."""
        path = self._folder / "wrapping.key"
        if not path.exists():
            LocalKeyProvider.create(path)
        return path

    def development_issuer_seed(self) -> str:
        """The hexadecimal seed of the development issuer's Ed25519 key."""
        known = self._read("development.json")
        if "seed" not in known:
            known["seed"] = secrets.token_hex(32)
            self._write("development.json", known)
        return str(known["seed"])

    def _read(self, name: str) -> dict[str, Any]:
        path = self._folder / name
        return json.loads(path.read_text()) if path.exists() else {}

    def _write(self, name: str, content: dict[str, Any]) -> None:
        path = self._folder / name
        text = json.dumps(content, indent=1, sort_keys=True)
        if path.exists() and path.read_text() == text:
            return
        path.touch(mode=0o600)
        path.write_text(text)

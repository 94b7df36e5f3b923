"""Where the key that wraps data keys lives (cross_cutting 6.7 and 8.2)."""

import hashlib
import os
import secrets
from pathlib import Path
from typing import Protocol, Self

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from messages.errors import KEY_NOT_FOUND
from messages.problem import Refused
from runtime.field_encryption import KEY_BYTES, decrypt, encrypt

_KEY_VERSION = 1


class KeyProvider(Protocol):
    """Wraps data keys with a key that never leaves it. Raises Refused KEY_NOT_FOUND while it cannot be reached.

    The context of a data key is `actor|organisation_id|domain|version`: it cannot be passed off as another one.
    """

    @property
    def key_id(self) -> str:
        """Which key wraps now; kept beside each wrapped key."""

    def new_key(self) -> bytes:
        """A random data key of 32 bytes, not yet wrapped."""

    def derive(self, purpose: bytes) -> bytes:
        """The 32-byte key of a purpose, the same as long as the wrapping key stays."""

    def wrap(self, plaintext: bytes, context: bytes) -> bytes:
        """The data key, readable again only under the same context."""

    def unwrap(self, blob: bytes, context: bytes) -> bytes:
        """The data key inside; Refused DECRYPTION_FAILED for another wrapping key or another context."""

    def health(self) -> bool:
        """Whether wrapping works now."""


class LocalKeyProvider:
    """The wrapping key is a file of 32 bytes, read at each use, so that removing the file takes the key away at once."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @classmethod
    def create(cls, path: Path) -> Self:
        """A new random key, readable by its owner only. FileExistsError rather than ever overwriting a key."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600, exist_ok=False)
        with path.open("wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())  # data keys wrapped before a power cut must not outlive the key that opens them
        return cls(path)

    @classmethod
    def from_settings(cls, path: Path | None) -> Self:
        """The key of the file that the settings name; ends the start, saying how to give it, when they name none."""
        if path is None:
            raise SystemExit(
                "CRM_KEY_FILE is not set: give the path of a file of 32 random bytes, readable by its owner"
            )
        return cls(path)

    @property
    def key_id(self) -> str:
        """A fingerprint: it tells two keys apart and gives nothing of them away."""
        return "local:" + hashlib.sha256(self._key()).hexdigest()[:16]

    def new_key(self) -> bytes:
        """A random data key of 32 bytes, not yet wrapped."""
        return secrets.token_bytes(KEY_BYTES)

    def derive(self, purpose: bytes) -> bytes:
        """The 32-byte key of a purpose (HKDF-SHA-256), the same as long as the key file stays."""
        return HKDF(SHA256(), KEY_BYTES, salt=None, info=purpose).derive(self._key())

    def wrap(self, plaintext: bytes, context: bytes) -> bytes:
        """The data key sealed with AES-256-GCM, in the format of encrypted fields."""
        return encrypt(plaintext, key=self._key(), version=_KEY_VERSION, associated_data=context)

    def unwrap(self, blob: bytes, context: bytes) -> bytes:
        """The data key inside; Refused DECRYPTION_FAILED for another wrapping key or another context."""
        return decrypt(blob, keys={_KEY_VERSION: self._key()}, associated_data=context)

    def health(self) -> bool:
        """Whether the file is there, readable and complete."""
        try:
            self._key()
        except Refused:
            return False
        return True

    def _key(self) -> bytes:
        try:
            key = self._path.read_bytes()
        except OSError as error:
            raise Refused(KEY_NOT_FOUND, "key file: cannot be read; restore it from its backup") from error
        if len(key) != KEY_BYTES:
            raise Refused(KEY_NOT_FOUND, f"key file: holds {len(key)} bytes instead of 32; restore it from its backup")
        return key

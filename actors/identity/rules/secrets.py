"""Secrets of machine accounts: made at random, kept as scrypt hashes (RFC 7914), compared in constant time."""

import base64
import hashlib
import hmac
import secrets

_SALT_BYTES = 16
_MEMORY = 64 * 1024 * 1024  # scrypt needs 128 * N * r bytes, 32 MiB here


def new_secret() -> str:
    """32 random bytes as text."""
    return secrets.token_urlsafe(32)


def new_client_id() -> str:
    """`m_` and 26 letters and digits."""
    return "m_" + base64.b32encode(secrets.token_bytes(17)).decode().lower()[:26]


def hash_secret(secret: str) -> bytes:
    """Salt and digest. It takes a tenth of a second on purpose: call it in a thread."""
    salt = secrets.token_bytes(_SALT_BYTES)
    return salt + _digest(secret, salt)


def secret_matches(secret: str, stored: bytes) -> bool:
    """Whether this is the secret behind the stored hash; as slow as hashing."""
    salt, digest = stored[:_SALT_BYTES], stored[_SALT_BYTES:]
    return hmac.compare_digest(_digest(secret, salt), digest)


def _digest(secret: str, salt: bytes) -> bytes:
    return hashlib.scrypt(secret.encode(), salt=salt, n=2**15, r=8, p=1, maxmem=_MEMORY)

"""Encryption of file contents: AES-256-GCM over frames of 64 KiB, under a key that one object alone is written with.

The key is used for one write only, so the frame's number is its nonce and never repeats.
"""

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

FRAME_BYTES = 64 * 1024
_TAG_BYTES = 16


def new_content_key() -> bytes:
    """A key for one object."""
    return AESGCM.generate_key(bit_length=256)


def seal(chunk: bytes, number: int, frames_per_chunk: int, key: bytes, context: bytes) -> bytes:
    """The frames of the chunk with that number; `context` ties them to their tenant and file."""
    cipher, first = AESGCM(key), number * frames_per_chunk
    frames = (chunk[start : start + FRAME_BYTES] for start in range(0, len(chunk), FRAME_BYTES))
    return b"".join(cipher.encrypt(_nonce(first + place), frame, context) for place, frame in enumerate(frames))


def unseal(sealed: bytes, number: int, frames_per_chunk: int, key: bytes, context: bytes) -> bytes:
    """The clear chunk. Raises cryptography's InvalidTag when it was changed or moved."""
    cipher, first, length = AESGCM(key), number * frames_per_chunk, FRAME_BYTES + _TAG_BYTES
    frames = (sealed[start : start + length] for start in range(0, len(sealed), length))
    return b"".join(cipher.decrypt(_nonce(first + place), frame, context) for place, frame in enumerate(frames))


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")

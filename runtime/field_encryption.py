"""Encrypted columns and their blind indexes (cross_cutting 6.7).

Blob: 0x01, key version (4 bytes, big-endian), nonce (12 bytes), AES-256-GCM ciphertext and tag. The associated data ties it to
its place: a blob copied to another row, column or tenant does not decrypt.
"""

import hmac
import ipaddress
import secrets
import struct
import unicodedata
from collections.abc import Mapping
from enum import StrEnum
from uuid import UUID

import phonenumbers
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from messages.errors import DECRYPTION_FAILED, ENCRYPTION_FAILED, KEY_NOT_FOUND
from messages.problem import Refused

KEY_BYTES = 32

_FORMAT = 1
_NONCE_BYTES = 12
_TAG_BYTES = 16
_header = struct.Struct(">BI")
_MAXIMUM_VERSION = 2**32 - 1


class IndexKind(StrEnum):
    """What a searchable value is; it decides how the value is normalised before hashing."""

    EMAIL = "EMAIL"
    PHONE = "PHONE"
    IBAN = "IBAN"
    GENERIC = "GENERIC"
    IP = "IP"


def associated_data(actor: str, table: str, column: str, organisation_id: UUID, row_id: UUID) -> bytes:
    """The one place where a blob may be decrypted."""
    return f"crm|{actor}|{table}|{column}|{organisation_id}|{row_id}".encode()


def encrypt(plaintext: bytes, *, key: bytes, version: int, associated_data: bytes, nonce: bytes | None = None) -> bytes:
    """The blob of a value under a data key and its version; the nonce is random unless a test vector gives one.

    Raises Refused ENCRYPTION_FAILED when the key, version or nonce cannot be used. At most 2^32 values per key version.
    """
    nonce = secrets.token_bytes(_NONCE_BYTES) if nonce is None else nonce
    if len(key) != KEY_BYTES or len(nonce) != _NONCE_BYTES or not 0 < version <= _MAXIMUM_VERSION:
        raise Refused(ENCRYPTION_FAILED, "data key: needs 32 bytes, a 12-byte nonce and a version of 1 or more")
    return _header.pack(_FORMAT, version) + nonce + AESGCM(key).encrypt(nonce, plaintext, associated_data)


def decrypt(blob: bytes, *, keys: Mapping[int, bytes], associated_data: bytes) -> bytes:
    """The value inside a blob; `keys` are the data keys by version.

    Raises Refused: KEY_NOT_FOUND when its key version is not given, DECRYPTION_FAILED when it was changed or moved.
    """
    version = key_version_of(blob)
    key = keys.get(version)
    if key is None:
        raise Refused(KEY_NOT_FOUND, f"data key: version {version} is not available; restore it in the key store")
    nonce_end = _header.size + _NONCE_BYTES
    try:
        return AESGCM(key).decrypt(blob[_header.size : nonce_end], blob[nonce_end:], associated_data)
    except (InvalidTag, ValueError) as error:
        raise _undecipherable() from error


def key_version_of(blob: bytes) -> int:
    """The version of the data key a blob needs; Refused DECRYPTION_FAILED when it is no blob of this format."""
    if len(blob) < _header.size + _NONCE_BYTES + _TAG_BYTES or blob[0] != _FORMAT:
        raise _undecipherable()
    version: int = _header.unpack_from(blob)[1]
    return version


def blind_index(key: bytes, kind: IndexKind, value: str) -> bytes:
    """The 32 bytes by which an encrypted value is found: equal for all spellings of one value, useless without the key.

    Raises Refused: VALIDATION_FAILED when the value is no phone number or IP address, ENCRYPTION_FAILED for a bad key.
    """
    if len(key) != KEY_BYTES:
        raise Refused(ENCRYPTION_FAILED, "index key: needs 32 bytes; create it with the organisation's other keys")
    return hmac.digest(key, f"{kind}\n{normalised(kind, value)}".encode(), "sha256")


def normalised(kind: IndexKind, value: str) -> str:
    """The one spelling under which equal values are hashed; phone numbers without a prefix are French."""
    match kind:
        case IndexKind.EMAIL:
            return unicodedata.normalize("NFKC", value.strip()).lower()
        case IndexKind.PHONE:
            return _e164(value)
        case IndexKind.IBAN:
            return "".join(value.split()).upper()
        case IndexKind.IP:
            return _ip_address(value)
        case IndexKind.GENERIC:
            return unicodedata.normalize("NFC", value.strip())


def _e164(value: str) -> str:
    try:
        number = phonenumbers.parse(value, "FR")
    except phonenumbers.NumberParseException as error:
        raise Refused.field(
            "phone", "phone_number", "phone is not a telephone number; write it like +33612345678"
        ) from error
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _ip_address(value: str) -> str:
    try:
        address = ipaddress.ip_address(value.strip())
    except ValueError as error:
        raise Refused.field("ip", "ip_address", "ip is not an address; write it like 203.0.113.7") from error
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)  # one client, whether the socket listens on IPv4 or on both


def _undecipherable() -> Refused:
    return Refused(
        DECRYPTION_FAILED, "encrypted value: it was changed, moved or made with another key; restore the row"
    )

"""The wrapping key in a local file: what it promises while it is there, gone or another one."""

import os
import stat
from pathlib import Path

import pytest

from messages.errors import DECRYPTION_FAILED, KEY_NOT_FOUND
from messages.problem import Refused
from runtime.key_provider import KeyProvider, LocalKeyProvider

CONTEXT = b"payments|0190a6f0-0000-7000-8000-0000000000a1|PAYMENT|1"


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "keys" / "wrapping.key"
    LocalKeyProvider.create(path)
    return path


@pytest.fixture
def provider(key_file: Path) -> KeyProvider:
    return LocalKeyProvider(key_file)


def test_a_created_key_is_32_bytes_for_its_owner_only(key_file: Path) -> None:
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert len(key_file.read_bytes()) == 32


def test_creating_never_overwrites_a_key(key_file: Path) -> None:
    before = key_file.read_bytes()
    with pytest.raises(FileExistsError):
        LocalKeyProvider.create(key_file)
    assert key_file.read_bytes() == before


def test_a_wrapped_key_opens_under_its_own_context_only(provider: KeyProvider) -> None:
    data_key = provider.new_key()
    wrapped = provider.wrap(data_key, CONTEXT)
    assert data_key not in wrapped
    assert provider.unwrap(wrapped, CONTEXT) == data_key
    with pytest.raises(Refused) as refused:
        provider.unwrap(wrapped, CONTEXT + b"1")
    assert refused.value.code is DECRYPTION_FAILED


def test_another_wrapping_key_does_not_open_it(provider: KeyProvider, key_file: Path) -> None:
    wrapped = provider.wrap(provider.new_key(), CONTEXT)
    name = provider.key_id
    key_file.write_bytes(os.urandom(32))
    assert provider.health()
    assert provider.key_id != name
    with pytest.raises(Refused) as refused:
        provider.unwrap(wrapped, CONTEXT)
    assert refused.value.code is DECRYPTION_FAILED


def test_without_its_file_the_key_is_not_found(provider: KeyProvider, key_file: Path) -> None:
    wrapped = provider.wrap(provider.new_key(), CONTEXT)
    assert provider.health()
    key_file.unlink()
    assert not provider.health()
    for use, content in ((provider.wrap, b"key"), (provider.unwrap, wrapped)):
        with pytest.raises(Refused) as refused:
            use(content, CONTEXT)
        assert refused.value.code is KEY_NOT_FOUND
        assert refused.value.code.retriable


def test_a_file_of_another_length_is_no_key(provider: KeyProvider, key_file: Path) -> None:
    key_file.write_bytes(b"too short")
    with pytest.raises(Refused, match="holds 9 bytes instead of 32"):
        provider.derive(b"purpose")


def test_new_keys_are_never_the_same(provider: KeyProvider) -> None:
    assert len({provider.new_key() for _ in range(10)}) == 10


def test_derived_keys_differ_by_purpose_and_stay_the_same(provider: KeyProvider, key_file: Path) -> None:
    assert provider.derive(b"cursors") == LocalKeyProvider(key_file).derive(b"cursors")
    assert provider.derive(b"cursors") != provider.derive(b"index")
    assert len(provider.derive(b"index")) == 32
    assert provider.derive(b"index") != key_file.read_bytes()


def test_a_start_without_key_file_says_how_to_give_it(key_file: Path) -> None:
    assert LocalKeyProvider.from_settings(key_file).health()
    with pytest.raises(SystemExit, match="CRM_KEY_FILE is not set"):
        LocalKeyProvider.from_settings(None)

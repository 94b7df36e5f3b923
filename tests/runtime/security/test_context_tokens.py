"""Signing and verifying context tokens; numbers are those of the acceptance cases of cross_cutting section 9."""

import base64
import hashlib
import hmac
import json
from typing import Any
from uuid import UUID

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from messages.errors import SESSION_EXPIRED, UNAUTHORIZED
from messages.problem import Refused
from runtime.context_tokens import ContextToken, TokenIssuer, TokenVerifier, UnknownKey

PRIVATE_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC_KEY = PRIVATE_KEY.public_key().public_bytes_raw()
ISSUED_AT, EXPIRES_AT = 1772442300, 1772442390
HEADER = {"alg": "EdDSA", "kid": "test-1", "typ": "crm-at+jwt"}


def identifier(last: str) -> str:
    return f"0190a6f0-0000-7000-8000-0000000000{last}"


CLAIMS: dict[str, Any] = {
    "acr": "2",
    "aud": "crm",
    "bg": None,
    "cmp": "ALL",
    "dsc": "ORGANISATION",
    "exp": EXPIRES_AT,
    "iat": ISSUED_AT,
    "iss": "crm-identity",
    "jti": identifier("f1"),
    "mem": identifier("d1"),
    "mfa": 1772442000,
    "org": identifier("a1"),
    "prm": ["factures:*", "payments:*:read"],
    "rol": ["accountant"],
    "sid": "kc-sess-1",
    "sub": identifier("b1"),
}


def verifier(**options: int) -> TokenVerifier:
    trusted = TokenVerifier(**options)
    trusted.add_key("test-1", PUBLIC_KEY)
    return trusted


def token_of(**changes: Any) -> str:
    return TokenIssuer("test-1", PRIVATE_KEY).issue({**CLAIMS, **changes})


def base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def forged(header: dict[str, Any], claims: dict[str, Any], key: Ed25519PrivateKey = PRIVATE_KEY) -> str:
    """A token signed without the issuer's checks."""
    signing_input = f"{base64url(rfc8785.dumps(header))}.{base64url(rfc8785.dumps(claims))}"
    return f"{signing_input}.{base64url(key.sign(signing_input.encode()))}"


def refusal(token: str, now: float = ISSUED_AT) -> Refused:
    with pytest.raises(Refused) as refused:
        verifier().verify(token, now)
    return refused.value


def test_case_7_the_token_has_682_known_characters() -> None:
    token = token_of()
    assert len(token) == 682
    digest = hashlib.sha256(token.encode()).hexdigest()
    assert digest == "e7fb9153160b45a5432dcdb978a16c8034a867cf7532bfb321b793941f55c3a8"


def test_case_7_the_token_speaks_for_its_user() -> None:
    context = verifier().verify(token_of(), ISSUED_AT)
    assert context == ContextToken(
        subject=UUID(identifier("b1")),
        session_id="kc-sess-1",
        organisation_id=UUID(identifier("a1")),
        membership_id=UUID(identifier("d1")),
        roles=("accountant",),
        permissions=context.permissions,
        company_ids=None,
        data_scope="ORGANISATION",
        team=None,
        policy_version=None,
        issued_at=ISSUED_AT,
        expires_at=EXPIRES_AT,
        token_id=identifier("f1"),
    )


def test_case_7_the_token_expires_five_seconds_after_exp() -> None:
    trusted, token = verifier(), token_of()
    assert trusted.verify(token, 1772442394.999).expires_at == EXPIRES_AT
    for _ in ("remembered", "still remembered"):
        with pytest.raises(Refused) as refused:
            trusted.verify(token, 1772442395)
        assert refused.value.code is SESSION_EXPIRED
    assert trusted.verify(token, 1772442394).expires_at == EXPIRES_AT


def test_case_8_the_token_grants_its_patterns_only() -> None:
    permissions = verifier().verify(token_of(), ISSUED_AT).permissions
    assert permissions.allows("factures:invoice:issue")
    assert permissions.allows("payments:payment:read")
    assert not permissions.allows("payments:refund:write")


def hs256_with_the_public_key() -> str:
    header = base64url(rfc8785.dumps({**HEADER, "alg": "HS256"}))
    signing_input = f"{header}.{base64url(rfc8785.dumps(CLAIMS))}"
    return f"{signing_input}.{base64url(hmac.digest(PUBLIC_KEY, signing_input.encode(), 'sha256'))}"


def without_signature() -> str:
    return f"{base64url(rfc8785.dumps({**HEADER, 'alg': 'none'}))}.{base64url(rfc8785.dumps(CLAIMS))}."


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(without_signature(), id="alg none"),
        pytest.param(hs256_with_the_public_key(), id="HS256 with the public key"),
        pytest.param(forged(HEADER, {**CLAIMS, "aud": "other"}), id="wrong aud"),
        pytest.param(forged({**HEADER, "typ": "JWT"}, CLAIMS), id="wrong typ"),
        pytest.param(forged({**HEADER, "kid": "test-2"}, CLAIMS), id="unknown kid"),
        pytest.param(forged(HEADER, {**CLAIMS, "iss": "other"}), id="wrong iss"),
        pytest.param(forged({**HEADER, "alg": "Ed25519"}, CLAIMS), id="the newer name of EdDSA"),
        pytest.param(forged({"alg": "EdDSA", "typ": "crm-at+jwt"}, CLAIMS), id="no kid"),
        pytest.param(forged({**HEADER, "kid": ["test-1"]}, CLAIMS), id="kid is a list"),
        pytest.param(forged({**HEADER, "crit": ["b64"], "b64": False}, CLAIMS), id="crit"),
        pytest.param(forged({**HEADER, "jwk": {"kty": "OKP"}}, CLAIMS), id="key in the header"),
        pytest.param(forged(HEADER, CLAIMS, Ed25519PrivateKey.from_private_bytes(bytes(32))), id="another key"),
        pytest.param(forged(HEADER, {**CLAIMS, "exp": str(EXPIRES_AT)}), id="exp is text"),
        pytest.param(forged(HEADER, {**CLAIMS, "dsc": "EVERYTHING"}), id="unknown data scope"),
        pytest.param(forged(HEADER, {name: CLAIMS[name] for name in CLAIMS if name != "org"}), id="no org"),
        pytest.param("", id="empty"),
        pytest.param("a.b", id="two parts"),
        pytest.param("\ud800.b.c", id="not UTF-8"),
    ],
)
def test_case_9_anything_but_our_own_signature_is_unauthorized(token: str) -> None:
    assert refusal(token).code is UNAUTHORIZED


def test_an_unknown_key_is_named_so_that_keys_can_be_refreshed_once() -> None:
    token = forged({**HEADER, "kid": "test-2"}, CLAIMS)
    unknown = refusal(token)
    assert isinstance(unknown, UnknownKey)
    assert unknown.key_id == "test-2" == verifier().key_id_of(token)
    assert not isinstance(refusal(without_signature()), UnknownKey)


def test_an_unauthenticated_token_is_not_told_that_it_expired() -> None:
    assert refusal(forged(HEADER, CLAIMS, Ed25519PrivateKey.generate()), now=EXPIRES_AT + 100).code is UNAUTHORIZED


@given(position=st.integers(0, 681), replacement=st.sampled_from("AQgwabcXYZ019_-.="))
def test_any_changed_character_is_refused(position: int, replacement: str) -> None:
    token = token_of()
    changed = token[:position] + replacement + token[position + 1 :]
    if changed != token:
        assert refusal(changed).code is UNAUTHORIZED


def test_a_remembered_token_dies_with_its_key() -> None:
    trusted, token = verifier(), token_of()
    trusted.verify(token, ISSUED_AT)
    trusted.remove_key("test-1")
    assert not trusted.knows("test-1")
    with pytest.raises(UnknownKey):
        trusted.verify(token, ISSUED_AT)


def test_a_remembered_token_does_not_survive_the_replacement_of_its_key() -> None:
    trusted, token = verifier(), token_of()
    trusted.verify(token, ISSUED_AT)
    trusted.add_key("test-1", Ed25519PrivateKey.generate().public_key().public_bytes_raw())
    with pytest.raises(Refused) as refused:
        trusted.verify(token, ISSUED_AT)
    assert refused.value.code is UNAUTHORIZED


def test_refreshing_the_same_key_forgets_no_token() -> None:
    trusted, token = verifier(), token_of()
    context = trusted.verify(token, ISSUED_AT)
    trusted.add_key("test-1", PUBLIC_KEY)
    assert trusted.verify(token, ISSUED_AT) is context


def test_only_the_most_recent_tokens_are_remembered() -> None:
    trusted = verifier(capacity=2)
    first, second, third = (token_of(jti=name) for name in ("first", "second", "third"))
    remembered = {token: trusted.verify(token, ISSUED_AT) for token in (first, second)}
    trusted.verify(first, ISSUED_AT)
    trusted.verify(third, ISSUED_AT)
    assert trusted.verify(first, ISSUED_AT) is remembered[first]
    assert trusted.verify(second, ISSUED_AT) is not remembered[second]


def test_scopes_travel_in_the_token() -> None:
    companies = [identifier("01"), identifier("02")]
    token = token_of(cmp=companies, dsc="TEAM", team=identifier("03"), pol=7, org=None, mem=None)
    context = verifier().verify(token, ISSUED_AT)
    assert context.company_ids == frozenset(map(UUID, companies))
    assert (context.data_scope, context.team, context.policy_version) == ("TEAM", UUID(identifier("03")), 7)
    assert (context.organisation_id, context.membership_id) == (None, None)


def test_a_token_of_no_company_is_not_a_token_of_all() -> None:
    assert verifier().verify(token_of(cmp=[]), ISSUED_AT).company_ids == frozenset()


def test_the_issuer_stamps_issuer_and_audience() -> None:
    payload = token_of(iss="somebody", aud="elsewhere").split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    assert (claims["iss"], claims["aud"]) == ("crm-identity", "crm")


@pytest.mark.parametrize("change", [{"sub": "nobody"}, {"dsc": "ALL"}, {"exp": 1.5}, {"prm": "*"}])
def test_the_issuer_refuses_claims_that_no_actor_would_accept(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(change))):
        token_of(**change)


@pytest.mark.filterwarnings("error")
def test_signing_and_verifying_warn_of_nothing() -> None:
    assert verifier().verify(token_of(), ISSUED_AT)


def test_the_key_id_of_rubbish_is_nothing() -> None:
    assert [verifier().key_id_of(token) for token in ("", "a.b.c", "\ud800", without_signature())] == [None] * 4

"""Only a token that we signed, for us, and that has not expired, says who is calling."""

from __future__ import annotations

import base64
import hmac
import json
from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from headway.accounts.errors import ExpiredToken, InvalidToken
from headway.accounts.service import AccountService
from headway.accounts.tokens import JOBS_AUDIENCE, Claims, TokenSigner
from headway.kit.actor import EVERYTHING
from tests.support.clock import FakeClock
from tests.unit.accounts.conftest import PASSWORD, SECRET, TOKEN_SECONDS

USER = UUID("00000000-0000-4000-8000-000000000001")


@pytest.fixture
def signer(clock: FakeClock) -> TokenSigner:
    return TokenSigner(SECRET, TOKEN_SECONDS, clock)


def payload(clock: FakeClock, **changes: object) -> dict[str, Any]:
    """Return what a good token says, with changes; `None` leaves a claim out."""
    now = int(clock.now().timestamp())
    good = {"iss": "headway", "aud": "headway-api", "sub": str(USER), "iat": now, "exp": now + 60, "ver": 3}
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def by_hand(header: object, body: object, key: bytes, digest: str = "sha256") -> str:
    """Sign as an attacker would, without a library that refuses to."""
    parts = [part if isinstance(part, str) else json.dumps(part) for part in (header, body)]
    signed = b".".join(base64.urlsafe_b64encode(part.encode()).rstrip(b"=") for part in parts)
    signature = hmac.new(key, signed, digest).digest() if key else b""
    return (signed + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


def test_a_token_reads_back_as_issued(signer: TokenSigner) -> None:
    assert signer.read(signer.issue(Claims(USER, 3))) == Claims(USER, 3)


def test_a_good_token_made_elsewhere_is_read(signer: TokenSigner, clock: FakeClock) -> None:
    # Proves that the table below is refused for its fault alone.
    token = by_hand({"alg": "HS256", "typ": "JWT"}, payload(clock), SECRET.encode())
    assert signer.read(token) == Claims(USER, 3)


def test_a_token_without_a_version_is_from_before_the_first_change_of_password(
    signer: TokenSigner, clock: FakeClock
) -> None:
    assert signer.read(jwt.encode(payload(clock, ver=None), SECRET)).credentials_version == 0


def _public_key() -> bytes:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize(
    ("header", "key", "digest"),
    [
        pytest.param({"alg": "none"}, b"", "sha256", id="none"),
        pytest.param({"alg": "None"}, b"", "sha256", id="None"),
        pytest.param({"alg": "none"}, SECRET.encode(), "sha256", id="none-but-signed"),
        pytest.param({"alg": "HS512"}, SECRET.encode(), "sha512", id="HS512"),
        pytest.param({"alg": "HS384"}, SECRET.encode(), "sha384", id="HS384"),
        pytest.param({"alg": "RS256"}, SECRET.encode(), "sha256", id="RS-says-HS-signs"),
        pytest.param({"alg": "HS256"}, _public_key(), "sha256", id="a-public-key-as-secret"),
        pytest.param({"alg": "HS256"}, b"", "sha256", id="no-signature"),
        pytest.param({"alg": "HS256"}, b"\0", "sha256", id="empty-key"),
        pytest.param({"alg": "HS256", "kid": "../../../../dev/null"}, b"\0", "sha256", id="kid-to-dev-null"),
        pytest.param({"alg": "HS256", "kid": "' union select 'x"}, b"x", "sha256", id="kid-with-sql"),
        pytest.param({"alg": "HS256", "jwk": {"kty": "oct", "k": "eA"}}, b"x", "sha256", id="own-jwk"),
        pytest.param({"alg": "HS256", "jku": "http://192.0.2.9/keys"}, b"x", "sha256", id="own-jku"),
        pytest.param({"alg": "HS256", "crit": ["exp"], "exp": 1}, SECRET.encode(), "sha256", id="unknown-crit"),
        pytest.param({}, SECRET.encode(), "sha256", id="no-alg"),
        pytest.param([], SECRET.encode(), "sha256", id="header-no-object"),
        pytest.param("[" * 20000, SECRET.encode(), "sha256", id="header-nested-too-deep"),
        pytest.param('{"alg": ' + "9" * 5000 + "}", SECRET.encode(), "sha256", id="header-with-huge-number"),
    ],
)
def test_a_forged_header_is_refused(
    signer: TokenSigner, clock: FakeClock, header: object, key: bytes, digest: str
) -> None:
    with pytest.raises(InvalidToken):
        signer.read(by_hand(header, payload(clock), key, digest))


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "another-api"}, {"aud": None}, {"aud": []}, {"aud": 1},
        {"iss": "somebody"}, {"iss": None}, {"iss": ["headway"]},
        {"sub": None}, {"sub": ""}, {"sub": "1"}, {"sub": "../../1"}, {"sub": 7}, {"sub": {"id": str(USER)}},
        {"iat": None}, {"iat": "yesterday"}, {"iat": True},
        {"exp": None}, {"exp": "never"}, {"exp": True}, {"exp": []}, {"exp": float("nan")}, {"exp": float("inf")},
        {"nbf": 99999999999}, {"nbf": "soon"},
        {"ver": "3"}, {"ver": 3.0}, {"ver": True},
    ],
    ids=str,
)  # fmt: skip
def test_a_token_with_wrong_claims_is_refused(signer: TokenSigner, clock: FakeClock, changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidToken):
        signer.read(by_hand({"alg": "HS256"}, payload(clock, **changes), SECRET.encode()))


@pytest.mark.parametrize("token", ["", ".", "..", "a.b.c", "é.é.é", "\0", "x" * 100_000, "e30.e30.", "null"])
def test_what_is_no_token_is_refused(signer: TokenSigner, token: str) -> None:
    with pytest.raises(InvalidToken):
        signer.read(token)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_changed_part_is_refused(signer: TokenSigner, place: int) -> None:
    mine, other = (signer.issue(Claims(user, 0)).split(".") for user in (USER, uuid4()))
    mine[place] = other[place] if place else base64.urlsafe_b64encode(b'{"alg":"HS256"}').decode().rstrip("=")
    with pytest.raises(InvalidToken):
        signer.read(".".join(mine))


def test_a_token_expires_by_our_clock(signer: TokenSigner, clock: FakeClock) -> None:
    token = signer.issue(Claims(USER, 0))
    clock.advance(TOKEN_SECONDS - 1)
    signer.read(token)
    clock.advance(1)
    with pytest.raises(ExpiredToken):
        signer.read(token)


def test_an_expired_token_of_another_secret_is_invalid_and_not_expired(signer: TokenSigner, clock: FakeClock) -> None:
    with pytest.raises(InvalidToken):
        signer.read(jwt.encode(payload(clock, exp=1), SECRET[::-1]))


async def test_a_token_for_nobody_is_refused(service: AccountService, clock: FakeClock) -> None:
    with pytest.raises(InvalidToken):
        await service.verify_token(jwt.encode(payload(clock), SECRET))


async def test_a_token_says_who_is_calling(service: AccountService) -> None:
    user = await service.add_user("Ada@Example.org", PASSWORD, "admin")
    actor = await service.verify_token(service.issue_token(user))
    assert (actor.owner, actor.email, actor.is_admin) == (str(user.id), "ada@example.org", True)


# Tokens for embeds

ONE_JOB = frozenset({"job:read:01990000-0000-7000-8000-000000000001"})


def test_a_token_for_an_embed_reads_back_with_its_scopes_alone(signer: TokenSigner) -> None:
    token, _expires_at = signer.issue_for_jobs(Claims(USER, 3, ONE_JOB), 60)
    assert signer.read(token) == Claims(USER, 3, ONE_JOB)
    assert signer.read(signer.issue(Claims(USER, 3, ONE_JOB))) == Claims(USER, 3, EVERYTHING)


def test_a_token_for_an_embed_made_elsewhere_is_read(signer: TokenSigner, clock: FakeClock) -> None:
    # Proves that the tables below are about the audience alone.
    body = payload(clock, aud=JOBS_AUDIENCE, scopes=sorted(ONE_JOB))
    assert signer.read(jwt.encode(body, SECRET)).scopes == ONE_JOB


@pytest.mark.parametrize("audience", [JOBS_AUDIENCE, [JOBS_AUDIENCE], [JOBS_AUDIENCE, "headway-api"]], ids=str)
@pytest.mark.parametrize("scopes", [[], ["admin"], sorted(EVERYTHING), sorted([*EVERYTHING, *ONE_JOB])], ids=str)
def test_a_token_for_an_embed_never_passes_for_a_sign_in(
    signer: TokenSigner, clock: FakeClock, audience: object, scopes: list[str]
) -> None:
    claims = signer.read(jwt.encode(payload(clock, aud=audience, scopes=scopes), SECRET))
    assert claims.scopes <= ONE_JOB


@pytest.mark.parametrize("scopes", [None, "jobs:read", {}, 1, [1], [None], [["jobs:read"]]], ids=str)
def test_a_token_for_an_embed_names_its_scopes(signer: TokenSigner, clock: FakeClock, scopes: object) -> None:
    with pytest.raises(InvalidToken):
        signer.read(jwt.encode(payload(clock, aud=JOBS_AUDIENCE, scopes=scopes), SECRET))


def test_a_sign_in_is_not_made_less_by_scopes_it_names(signer: TokenSigner, clock: FakeClock) -> None:
    assert signer.read(jwt.encode(payload(clock, scopes=["jobs:read:user"]), SECRET)).scopes == EVERYTHING


def test_a_token_for_an_embed_expires_when_it_says(signer: TokenSigner, clock: FakeClock) -> None:
    clock.advance(0.7)
    token, expires_at = signer.issue_for_jobs(Claims(USER, 0, ONE_JOB), 60)
    clock.advance((expires_at - clock.now()).total_seconds() - 0.5)
    signer.read(token)
    clock.advance(0.5)
    with pytest.raises(ExpiredToken):
        signer.read(token)


async def test_a_token_for_an_embed_ends_with_the_credentials_it_was_made_under(service: AccountService) -> None:
    admin = await service.add_user("ada@example.org", PASSWORD, "admin")
    token, _expires_at = await service.issue_job_token(str(admin.id), ONE_JOB, 30 * 86400)
    actor = await service.verify_token(token)
    assert (actor.owner, actor.is_admin, actor.scopes) == (str(admin.id), False, ONE_JOB)
    await service.set_password("ada@example.org", "another password")
    with pytest.raises(InvalidToken):
        await service.verify_token(token)

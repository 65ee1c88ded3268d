"""Keys change without anybody noticing, in one process and in others, and go when nothing they signed counts."""

from datetime import UTC, datetime
from uuid import UUID

import jwt
import pytest

from api.people.keyring import NodeSecret, public_numbers
from api.people.signing import Signer
from api.people.tokens import AUDIENCE, Bearer, TokenError
from storage.access import signing

SECRET = NodeSecret(b"s" * 32)
BEARER = Bearer(7, UUID("0b6f0e0e-6a52-4a0c-9a0b-1d3a3a3f5d11"))


class Clock:
    """A wall clock that is told the time."""

    def __init__(self):
        self.now = 2_000_000_000.0

    def __call__(self):
        return self.now

    def instant(self):
        return datetime.fromtimestamp(self.now, UTC)


@pytest.fixture
def clock(engine):
    """A clock of one's own, and no keys before or after."""
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM signing_key")
    yield Clock()
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM signing_key")


@pytest.mark.parametrize("algorithm", ["HS256", "EdDSA"])
def test_a_rotation_logs_nobody_out(engine, api_engine, clock, algorithm):
    one, other = (Signer(api_engine, SECRET, algorithm, clock) for _ in range(2))
    before = one.issue(BEARER, "tokens")
    assert other.bearer_of(before) == BEARER
    with engine.begin() as connection:
        signing.rotate(connection, algorithm, clock.instant())
    clock.now += 61

    after = one.issue(BEARER, "tokens")

    assert jwt.get_unverified_header(after)["kid"] != jwt.get_unverified_header(before)["kid"]
    for signer in (one, other):
        assert signer.bearer_of(before) == signer.bearer_of(after) == BEARER


def test_a_key_that_another_process_made_is_known_within_a_second(engine, api_engine, clock):
    old = Signer(api_engine, SECRET, "HS256", clock)
    old.issue(BEARER, "tokens")
    with engine.begin() as connection:
        signing.rotate(connection, "HS256", clock.instant())
    token = Signer(api_engine, SECRET, "HS256", clock).issue(BEARER, "tokens")
    clock.now += 1

    assert old.bearer_of(token) == BEARER


def test_an_old_key_goes(engine, api_engine, clock):
    signer = Signer(api_engine, SECRET, "EdDSA", clock)
    signer.issue(BEARER, "tokens")
    with engine.begin() as connection:
        signing.rotate(connection, "EdDSA", clock.instant())
    clock.now += 61
    assert len(list(signer.counting())) == 2

    clock.now += signing.KEPT.total_seconds()

    assert len(list(signer.counting())) == 1
    with engine.begin() as connection:
        assert len(signing.rotate(connection, "EdDSA", clock.instant())) == 2  # the new one and the one before it


def test_another_algorithm_takes_over_at_the_next_start(api_engine, clock):
    before = Signer(api_engine, SECRET, "HS256", clock).issue(BEARER, "tokens")
    clock.now += 1
    signer = Signer(api_engine, SECRET, "EdDSA", clock)
    after = signer.issue(BEARER, "tokens")

    assert [jwt.get_unverified_header(token)["alg"] for token in (before, after)] == ["HS256", "EdDSA"]
    assert signer.bearer_of(before) == signer.bearer_of(after) == BEARER


def test_others_check_with_what_is_published(api_engine, clock):
    signer = Signer(api_engine, SECRET, "EdDSA", clock)
    token = signer.issue(BEARER, "tokens")
    (shown,) = [public_numbers(key) for key in signer.counting()]

    options = {"verify_exp": False, "verify_iat": False}
    claims = jwt.decode(token, jwt.PyJWK(shown), algorithms=["EdDSA"], audience=AUDIENCE, options=options)
    assert claims["sub"] == "7"


def test_a_secret_never_leaves(client):
    """The keys of these tests' server are secrets."""
    answer = client.get("/.well-known/jwks.json")

    assert (answer.status_code, answer.json()) == (200, {"keys": []})


def test_another_node_s_tokens_let_nobody_in(api_engine, clock):
    token = Signer(api_engine, NodeSecret(b"t" * 32), "HS256", clock).issue(BEARER, "tokens")

    with pytest.raises(TokenError):
        Signer(api_engine, SECRET, "HS256", clock).bearer_of(token)

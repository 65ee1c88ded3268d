"""A token lets in whoever it was issued to, for 15 minutes, and nothing else lets anybody in."""

import base64
import hashlib
import hmac
import json
from uuid import UUID

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from api.people.keyring import NodeSecret, derive, public_numbers
from api.people.tokens import AUDIENCE, ISSUER, LIFETIME, Bearer, TokenError, bearer_of, issue, key_id_of
from core.errors import SettingsError

SECRET = NodeSecret(b"a" * 32)
KEYS = {algorithm: derive(SECRET, f"kid-{algorithm}", algorithm) for algorithm in ("HS256", "EdDSA")}
NOW = 1_800_000_000.5
LIFE_S = LIFETIME.total_seconds()
SESSION = UUID("0b6f0e0e-6a52-4a0c-9a0b-1d3a3a3f5d11")
CLAIMS = {
    "iss": ISSUER,
    "aud": AUDIENCE,
    "sub": "7",
    "sid": str(SESSION),
    "iat": int(NOW),
    "exp": int(NOW) + 900,
    "jti": "x",
}
algorithms = pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)


def token(key, user_id=7, now=NOW):
    return issue(key, Bearer(user_id, SESSION), now=now)


def let_in(token, now=NOW):
    """Whom a token lets in, by the ring of these tests."""
    kid = key_id_of(token)
    known = {key.kid: key for key in KEYS.values()}
    if kid not in known:
        raise TokenError
    return bearer_of(known[kid], token, now=now)


def forged(key, claims=CLAIMS, signing=None, algorithm=None, headers=None):
    header = {"typ": "at+jwt", "kid": key.kid} | (headers or {})
    return jwt.encode(claims, signing or key.private, algorithm=algorithm or key.algorithm, headers=header)


def encoded(part):
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def unsigned(header, claims=CLAIMS):
    return ".".join(encoded(json.dumps(part).encode()) for part in (header, claims)) + "."


def hmac_signed(header, secret, claims=CLAIMS):
    """What a library of ours would refuse to make: HS256 with whatever there is as the secret."""
    head = unsigned(header, claims)[:-1]
    return f"{head}.{encoded(hmac.digest(secret, head.encode(), hashlib.sha256))}"


@algorithms
@given(user_id=st.integers(1, 2**31 - 1), age=st.floats(0, LIFE_S - 1))
def test_a_token_lets_its_person_in_while_it_lasts(key, user_id, age):
    assert let_in(token(key, user_id), now=NOW + age) == Bearer(user_id, SESSION)


@algorithms
def test_a_token_ends_exactly_with_its_last_second(key):
    issued_at = int(NOW)

    assert let_in(token(key), now=issued_at + LIFE_S - 0.001).user_id == 7
    with pytest.raises(TokenError):
        let_in(token(key), now=issued_at + LIFE_S)


@algorithms
def test_the_forger_of_these_tests_knows_how_a_good_token_looks(key):
    assert let_in(forged(key)).user_id == 7
    assert (
        let_in(hmac_signed({"alg": "HS256", "typ": "at+jwt", "kid": "kid-HS256"}, KEYS["HS256"].private)).user_id == 7
    )


def attacks(key):
    header = {"typ": "at+jwt", "kid": key.kid}
    other = derive(NodeSecret(b"b" * 32), key.kid, key.algorithm)
    crossed = KEYS["EdDSA" if key.algorithm == "HS256" else "HS256"]
    late = {**CLAIMS, "iat": int(NOW) + 3600, "exp": int(NOW) + 4500}
    return {
        "none-algorithm": unsigned({"alg": "none", **header}),
        "none-in-another-case": unsigned({"alg": "nOnE", **header}),
        "no-algorithm": unsigned(header),
        "signature-missing": unsigned({"alg": key.algorithm, **header}),
        "another-node's-key": forged(key, signing=other.private),
        "the-other-key-of-the-ring": forged(key, signing=crossed.private, algorithm=crossed.algorithm),
        "the-other-algorithm-by-its-header": forged(crossed, headers={"kid": key.kid}),
        "another-hash": hmac_signed({"alg": "HS512", **header}, b"a" * 32),
        "wrong-kid": forged(key, headers={"kid": "somebody-else"}),
        "kid-of-a-path": forged(key, headers={"kid": "../../dev/null"}),
        "kid-of-sql": forged(key, headers={"kid": "x' UNION SELECT 'a"}),
        "no-kid": unsigned({"alg": key.algorithm, "typ": "at+jwt"}),
        "kid-no-text": unsigned({"alg": key.algorithm, "typ": "at+jwt", "kid": 7}),
        "its-own-key-in-the-header": forged(other, headers={"kid": key.kid, "jwk": {"kty": "oct", "k": "YWFh"}}),
        "its-own-key-by-url": forged(other, headers={"kid": key.kid, "jku": "http://127.0.0.1/keys"}),
        "critical-header": forged(key, headers={"crit": ["b64"], "b64": False}),
        "wrong-audience": forged(key, {**CLAIMS, "aud": "somebody-else"}),
        "wrong-issuer": forged(key, {**CLAIMS, "iss": "somebody-else"}),
        "expired": forged(key, {**CLAIMS, "exp": int(NOW)}),
        "not-yet-issued": forged(key, late),
        "not-yet-valid": forged(key, {**CLAIMS, "nbf": int(NOW) + 3600}),
        "no-number-as-expiry": forged(key, {**CLAIMS, "exp": "never"}),
        "endless": forged(key, {**CLAIMS, "exp": None}),
        "no-number-as-subject": forged(key, {**CLAIMS, "sub": "root"}),
        "no-uuid-as-session": forged(key, {**CLAIMS, "sid": "x"}),
        "number-as-session": forged(key, {**CLAIMS, "sid": 7}),
        "another-kind-of-token": forged(key, headers={"typ": "JWT"}),
        "oversized": forged(key, {**CLAIMS, "padding": "x" * 5000}),
        "deep-header": f"{encoded(b'[' * 2500)}.e30.x",
        "no-object": unsigned([]),
        **{f"no-{name}": forged(key, {k: v for k, v in CLAIMS.items() if k != name}) for name in CLAIMS},
    }


@pytest.mark.parametrize(
    "attack",
    [
        pytest.param(attack, id=f"{algorithm}-{name}")
        for algorithm, key in KEYS.items()
        for name, attack in attacks(key).items()
    ],
)
def test_nothing_forged_lets_in(attack):
    with pytest.raises(TokenError):
        let_in(attack)


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(lambda public: public.public_bytes_raw(), id="raw"),
        pytest.param(lambda public: public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), id="pem"),
        pytest.param(lambda public: public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), id="der"),
        pytest.param(lambda _: json.dumps(public_numbers(KEYS["EdDSA"])).encode(), id="jwk"),
    ],
)
def test_the_public_key_of_eddsa_is_no_secret_of_hs256(form):
    """Algorithm confusion: the public key is to be had by anybody, and would make a fine HMAC secret."""
    secret = form(KEYS["EdDSA"].public)

    for kid in ("kid-EdDSA", "kid-HS256"):
        with pytest.raises(TokenError):
            let_in(hmac_signed({"alg": "HS256", "typ": "at+jwt", "kid": kid}, secret))


@algorithms
@given(st.data())
def test_a_token_changed_in_any_character_lets_nobody_in(key, data):
    good = token(key)
    # the last character of each part holds bits that base64 ignores
    ignored = [index - 1 for index, letter in enumerate(good + ".") if letter == "."]
    place = data.draw(st.integers(0, len(good) - 1).filter(lambda index: index not in ignored))
    other = data.draw(st.sampled_from("AbC012_-.").filter(lambda letter: letter != good[place]))
    with pytest.raises(TokenError):
        let_in(good[:place] + other + good[place + 1 :])


@given(st.text(max_size=50) | st.text("aA0.=_-", max_size=20))
def test_no_other_text_lets_anybody_in(text):
    with pytest.raises(TokenError):
        let_in(text)


@pytest.mark.parametrize("length", [0, 1, 31])
def test_a_secret_that_is_too_short_is_refused(length):
    with pytest.raises(SettingsError, match="32 or more"):
        NodeSecret(b"k" * length)


@algorithms
def test_a_key_follows_from_secret_name_and_algorithm(key):
    again = derive(SECRET, key.kid, key.algorithm)

    assert bearer_of(again, token(key), now=NOW).user_id == 7
    assert len({token(derive(SECRET, kid, key.algorithm)).split(".")[2] for kid in ("x", "y")}) == 2


def test_only_public_keys_are_shown():
    assert public_numbers(KEYS["HS256"]) is None
    shown = public_numbers(KEYS["EdDSA"])
    assert jwt.PyJWK(shown).key.public_bytes_raw() == KEYS["EdDSA"].public.public_bytes_raw()
    assert "d" not in shown


def test_keys_do_not_show():
    assert "aaaa" not in repr(SECRET)
    assert repr(KEYS["HS256"]) == "SigningKey(kid='kid-HS256', algorithm='HS256')"

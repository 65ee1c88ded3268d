"""A token lets in whoever it was issued to, for 15 minutes, and nothing else lets anybody in."""

import base64
import json

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.people.tokens import AUDIENCE, ISSUER, LIFETIME, SigningKey, TokenError, issue, user_of
from core.errors import SettingsError

KEY = SigningKey(b"a" * 32)
NOW = 1_800_000_000.5
LIFE_S = LIFETIME.total_seconds()
CLAIMS = {"iss": ISSUER, "aud": AUDIENCE, "sub": "7", "iat": int(NOW), "exp": int(NOW) + 900, "jti": "x"}
TYPE = {"typ": "at+jwt"}


def token(user_id=7, now=NOW):
    return issue(KEY, user_id=user_id, token_id="x", now=now)


def forged(claims=CLAIMS, key=KEY.secret, algorithm="HS256", headers=TYPE):
    return jwt.encode(claims, key, algorithm=algorithm, headers=headers)


def unsigned(header, claims=CLAIMS):
    parts = (json.dumps(part).encode() for part in (header, claims))
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) + "."


@given(user_id=st.integers(1, 2**31 - 1), age=st.floats(0, LIFE_S - 1))
def test_a_token_lets_its_person_in_while_it_lasts(user_id, age):
    assert user_of(KEY, token(user_id), now=NOW + age) == user_id


def test_a_token_ends_exactly_with_its_last_second():
    issued_at = int(NOW)

    assert user_of(KEY, token(), now=issued_at + LIFE_S - 0.001) == 7
    with pytest.raises(TokenError):
        user_of(KEY, token(), now=issued_at + LIFE_S)


def test_the_forger_of_these_tests_knows_how_a_good_token_looks():
    assert user_of(KEY, forged(), now=NOW) == 7


@pytest.mark.parametrize(
    "attack",
    [
        pytest.param(unsigned({"alg": "none", **TYPE}), id="none-algorithm"),
        pytest.param(unsigned({"alg": "None", **TYPE}), id="none-in-another-case"),
        pytest.param(unsigned({**TYPE}), id="no-algorithm"),
        pytest.param(unsigned({"alg": "HS256", **TYPE}), id="signature-missing"),
        pytest.param(forged(key=b"b" * 32), id="wrong-key"),
        pytest.param(forged(key=b"b" * 64, algorithm="HS512"), id="another-algorithm-and-key"),
        pytest.param(forged(key=KEY.secret + b"c" * 32, algorithm="HS512"), id="another-algorithm"),
        pytest.param(forged({**CLAIMS, "aud": "somebody-else"}), id="wrong-audience"),
        pytest.param(forged({**CLAIMS, "iss": "somebody-else"}), id="wrong-issuer"),
        pytest.param(forged({**CLAIMS, "exp": int(NOW)}), id="expired"),
        pytest.param(forged({**CLAIMS, "iat": int(NOW) + 3600, "exp": int(NOW) + 4500}), id="not-yet-valid"),
        pytest.param(forged({**CLAIMS, "exp": "never"}), id="no-number-as-expiry"),
        pytest.param(forged({**CLAIMS, "sub": "root"}), id="no-number-as-subject"),
        pytest.param(forged(headers={"typ": "JWT"}), id="another-kind-of-token"),
        pytest.param(forged({**CLAIMS, "padding": "x" * 5000}), id="oversized"),
        *[pytest.param(forged({k: v for k, v in CLAIMS.items() if k != name}), id=f"no-{name}") for name in CLAIMS],
    ],
)
def test_nothing_forged_lets_in(attack):
    with pytest.raises(TokenError):
        user_of(KEY, attack, now=NOW)


@given(st.data())
def test_a_token_changed_in_any_character_lets_nobody_in(data):
    good = token()
    # the last character of each part holds bits that base64 ignores
    ignored = [index - 1 for index, letter in enumerate(good + ".") if letter == "."]
    place = data.draw(st.integers(0, len(good) - 1).filter(lambda index: index not in ignored))
    other = data.draw(st.sampled_from("AbC012_-.").filter(lambda letter: letter != good[place]))
    with pytest.raises(TokenError):
        user_of(KEY, good[:place] + other + good[place + 1 :], now=NOW)


@given(st.text(max_size=50) | st.text("aA0.=_-", max_size=20))
def test_no_other_text_lets_anybody_in(text):
    with pytest.raises(TokenError):
        user_of(KEY, text, now=NOW)


@pytest.mark.parametrize("length", [0, 1, 31])
def test_a_key_that_is_too_short_is_refused(length):
    with pytest.raises(SettingsError, match="32 or more"):
        SigningKey(b"k" * length)


def test_a_key_does_not_show():
    assert "aaaa" not in repr(KEY)

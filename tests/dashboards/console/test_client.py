"""The console's client on a real API: lists whole, tokens renewed once for all, refusals with their fields."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.console.client import AwayError, Login, RefusedError, SignedOutError, line_to, log_in
from dashboards.console.remembering import IDLE_S, MOST, Logins


def test_a_list_comes_whole_however_many_parts_it_has(api_as):
    api = api_as("marie")
    parts = [one["bucket"] for one in api.items("/groups/{}/windows", 1, limit=7)]
    assert parts == [one["bucket"] for one in api.items("/groups/{}/windows", 1)]
    assert len(parts) == len(set(parts)) > 7


def test_names_in_paths_stay_what_they_are(api_as):
    with pytest.raises(RefusedError) as refused:
        api_as("marie").get("/farms/{}/groups", "barn/../other?x=1")
    assert refused.value.status in {404, 422}


def test_a_token_that_is_over_is_renewed_once_for_all_who_share_it(api_as):
    api = api_as("marie")
    api.login.access = "over"
    renewing = api.login.renewing
    with ThreadPoolExecutor(4) as pool:
        assert {one["name"] for one in pool.map(lambda _: api.get("/me"), range(8))} == {"marie"}
    assert renewing != api.login.renewing  # a second renewal with the same would have ended the login


def test_a_login_that_was_ended_says_so(api_as):
    api = api_as("marie")
    api.log_out()
    with pytest.raises(SignedOutError):
        api.get("/me")


def test_a_refusal_names_the_fields_in_the_language_of_whoever_asks(api_as):
    with pytest.raises(RefusedError) as refused:
        api_as("marie").post("/farms/{}/trainings", "barn", body={"order": [99, 0, 0]})
    assert refused.value.kind == "invalid"
    assert "order.0" in refused.value.errors
    with pytest.raises(RefusedError) as refused:
        api_as("vera").post("/farms/{}/trainings", "barn", body={})
    assert (refused.value.status, refused.value.kind) == (403, "forbidden")


def test_a_wrong_password_is_refused_and_a_silent_api_is_away(node):
    with line_to(node.address) as line, pytest.raises(RefusedError) as refused:
        log_in(line, "vera", "wrong", "fr")
    assert refused.value.status == 401
    with line_to("http://127.0.0.1:9") as line, pytest.raises(AwayError):
        log_in(line, "vera", "wrong", "fr")


STEPS = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from(["keep", "find", "forget"]), st.sampled_from([0, 1, IDLE_S])),
    max_size=8,
)


@given(STEPS)
def test_a_browser_has_the_login_that_it_had_last_until_it_is_forgotten_or_idle(steps):
    at, known = 0.0, {}
    logins = Logins(now=lambda: at)
    for browser, what, later in steps:
        at += later
        alive = {name: (login, used) for name, (login, used) in known.items() if at - used <= IDLE_S}
        if what == "keep":
            known[browser] = (Login(None, browser, "", ""), at)
            logins.keep(browser, known[browser][0])
        elif what == "forget" and browser in alive:
            logins.forget(known.pop(browser)[0])
        else:
            login = alive.get(browser, (None, 0))[0]
            assert logins.find(browser) is login
            known = known | {browser: (login, at)} if login else {k: v for k, v in known.items() if k != browser}


def test_of_too_many_logins_those_go_that_were_used_longest_ago():
    logins = Logins(now=lambda: 0.0)
    for number in range(MOST + 1):
        logins.keep(str(number), Login(None, str(number), "", ""))
    assert logins.find("0") is None
    assert logins.find("1").name == "1"

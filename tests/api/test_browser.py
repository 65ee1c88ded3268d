"""A browser's cookie is good for everything a token is good for, and for nothing that another page asks for."""

import pytest
from fastapi.testclient import TestClient

OURS = {"X-Requested-With": "animov"}


@pytest.fixture
def browser(app, client, person, password):
    """A browser in which somebody has logged in."""
    made = TestClient(app, raise_server_exceptions=False)
    answer = made.post("/v1/session", json={"username": person(), "password": password}, headers=OURS)
    assert answer.status_code == 204
    made.handed_out = answer.headers["Set-Cookie"]
    return made


def test_the_cookie_lets_in(browser):
    assert [farm["name"] for farm in browser.get("/v1/farms").json()["items"]] == ["barn"]


def test_a_header_and_a_cookie_of_two_people_are_refused(browser, headers_of, key_of, yards):
    """Also a key's; whose cookie is over is nobody, and passed over."""
    own = {"Authorization": headers_of(browser.get("/v1/me").json()["name"])["Authorization"]}
    assert browser.get("/v1/me", headers=own).status_code == 200
    for other in (headers_of("barn-viewer"), key_of(yards["barn"], "read")):
        answer = browser.get("/v1/farms", headers={**other, "Accept-Language": "fr"})
        assert (answer.status_code, answer.json()["type"]) == (401, "urn:animov:problem:unauthorized")
        assert "deux identités différentes" in answer.json()["detail"]

    assert browser.post("/v1/logout", headers=OURS).status_code == 204
    browser.cookies.set("animov_session", "over")
    assert browser.get("/v1/farms", headers=headers_of("barn-viewer")).status_code == 200


def test_headers_that_differ_are_refused(client, headers_of, key_of, yards):
    bearer = headers_of("barn-viewer")["Authorization"]
    first, key = {"x-access-tokens": bearer.removeprefix("Bearer ")}, key_of(yards["barn"], "write")
    assert client.get("/v1/farms", headers={"Authorization": bearer, **first}).status_code == 200  # the same twice
    for headers in ({"Authorization": bearer, **key}, {**first, **key}, {**key, "Authorization": "Bearer x"}):
        answer = client.get("/v1/farms", headers=headers)
        assert answer.status_code == 401
        assert "two that are not the same" in answer.json()["detail"]


def test_no_script_and_no_other_site_gets_at_the_cookie(browser):
    parts = {part.strip().lower() for part in browser.handed_out.split(";")[1:]}

    assert {"httponly", "samesite=strict", "path=/"} <= parts
    assert not any(part.startswith("domain") for part in parts)


def test_over_https_the_cookie_is_secure(app, client, person, password):
    made = TestClient(app, base_url="https://testserver")
    answer = made.post("/v1/session", json={"username": person(), "password": password}, headers=OURS)

    assert "secure" in answer.headers["Set-Cookie"].lower()


FORGED = [
    pytest.param({}, id="no-header"),
    pytest.param({"X-Requested-With": ""}, id="empty-header"),
    pytest.param(OURS | {"Origin": "https://evil.example"}, id="another-origin"),
    pytest.param(OURS | {"Origin": "null"}, id="no-origin"),
    pytest.param(OURS | {"Origin": "http://testserver.evil.example"}, id="a-longer-origin"),
    pytest.param(OURS | {"Origin": "http://testserver:81"}, id="another-port"),
    pytest.param(OURS | {"Origin": "http://testserver@evil.example"}, id="user-in-origin"),
    pytest.param(OURS | {"Sec-Fetch-Site": "cross-site"}, id="another-site"),
    pytest.param(OURS | {"Sec-Fetch-Site": "same-site"}, id="a-neighbour"),
]


@pytest.mark.parametrize("headers", FORGED)
def test_a_change_that_another_page_asks_for_is_refused(browser, headers):
    answer = browser.post("/v1/logout", headers=headers)

    assert (answer.status_code, answer.json()["type"]) == (403, "urn:animov:problem:forged")
    assert browser.get("/v1/me").status_code == 200


@pytest.mark.parametrize("headers", FORGED)
def test_a_login_that_another_page_asks_for_is_refused(client, yards, password, headers):
    body = {"username": "barn-viewer", "password": password}
    answer = client.post("/v1/session", json=body, headers=headers)

    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    "headers", [OURS, OURS | {"Origin": "http://testserver"}, OURS | {"Sec-Fetch-Site": "same-origin"}]
)
def test_a_change_that_our_page_asks_for_is_made(browser, headers):
    kept = dict(browser.cookies)
    answer = browser.post("/v1/logout", headers=headers)

    assert answer.status_code == 204
    assert 'animov_session=""' in answer.headers["Set-Cookie"]
    assert browser.get("/v1/me", headers={"Cookie": f"animov_session={kept['animov_session']}"}).status_code == 401


def test_a_form_of_another_page_can_not_log_in(client, yards, password):
    """A form sends what it likes as text, and no header of its own."""
    body = f'{{"username": "barn-viewer", "password": "{password}"}}'
    answer = client.post("/v1/session", content=body, headers=OURS | {"Content-Type": "text/plain"})

    assert answer.status_code in {415, 422}


def test_no_other_origin_is_granted_a_preflight(browser):
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    answer = browser.options("/v1/logout", headers=asked | {"Access-Control-Request-Headers": "x-requested-with"})

    assert not any(name.lower().startswith("access-control") for name in answer.headers)


def test_a_wrong_header_is_not_made_good_by_a_cookie(browser):
    assert browser.get("/v1/me", headers={"Authorization": "Bearer x"}).status_code == 401


@pytest.mark.parametrize("cookie", ["x", "anc_x", "", "anc_" + "x" * 4000])
def test_another_cookie_lets_nobody_in(client, yards, cookie):
    assert client.get("/v1/me", headers={"Cookie": f"animov_session={cookie}"}).status_code == 401


def test_a_cookie_is_no_token(browser):
    secret = browser.cookies["animov_session"]
    browser.cookies.clear()

    for headers in ({"Authorization": f"Bearer {secret}"}, {"X-API-Key": secret}):
        assert browser.get("/v1/me", headers=headers).status_code == 401

"""Every refusal is a problem of one shape, with the request's id and nothing internal in it."""

import asyncio

import pytest
import structlog
from fastapi.testclient import TestClient

from api.app import create_app
from api.forms.problems import Problem
from storage.engine import database

SHAPE = {"type", "title", "status", "detail", "request_id", "errors"}


def check(answer, status, code):
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = Problem.model_validate(answer.json())
    assert problem.status == status
    assert problem.type == f"urn:animov:problem:{code}"
    assert problem.request_id == answer.headers["X-Request-ID"]
    assert answer.json().keys() <= SHAPE
    return problem


def test_a_path_that_nobody_serves_is_a_problem(client):
    for path in ("/nothing", "/v1", "/v1/farms/", "/assets/../app.py", "/assets/%2e%2e/app.py", "/docs/x"):
        check(client.get(path), 404, "not-found")


def test_a_method_that_is_not_served_is_a_problem(client):
    answer = client.delete("/v1/login")

    check(answer, 405, "method-not-allowed")
    assert answer.headers["Allow"] == "POST"
    assert client.delete("/v1/farms").headers["Allow"] == "GET, HEAD, POST"  # two routes


def test_a_missing_token_is_a_problem(client):
    check(client.get("/v1/farms"), 401, "unauthorized")


def test_what_does_not_exist_is_named(get):
    assert check(get("/v1/farms/absent"), 404, "not-found").detail == "there is no farm 'absent'"


@pytest.mark.parametrize(
    ("path", "field", "location"),
    [
        ("/v1/farms?limit=0", "limit", "query"),
        ("/v1/farms/barn/windows?from=soon", "from", "query"),
        ("/v1/farms/a%20b/windows", "farm", "path"),
        ("/v1/farms/a%00b", "farm", "path"),
        ("/v1/groups/0/windows", "group", "path"),
        ("/v1/groups/2147483648/windows", "group", "path"),
        ("/v1/animals/x/windows", "animal", "path"),
        ("/v1/farms/barn/scores?hours=1", "hours", "query"),
        ("/v1/rejected?farm='; DROP TABLE farm; --", "farm", "query"),
    ],
)
def test_a_value_that_is_not_allowed_is_named(get, path, field, location):
    problem = check(get(path), 422, "invalid")

    assert [(error.field, error.location) for error in problem.errors] == [(field, location)]
    assert field in problem.detail


def test_a_fault_of_ours_tells_nothing_but_is_in_the_log(app, as_user, yards, monkeypatch):
    get = as_user("barn-viewer")
    monkeypatch.setattr("storage.herds.readable.farm", broken)

    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as events:
        answer = get("/v1/farms/barn")

    problem = check(answer, 500, "internal")
    assert "secret" not in answer.text
    logged = {event["event"]: event for event in events}
    assert logged["api.failed"]["request_id"] == problem.request_id
    assert logged["api.answered"]["status"] == 500


def broken(*_):
    message = "a secret of ours"
    raise RuntimeError(message)


def test_each_answer_bears_the_id_that_is_in_the_log(client, get):
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as events:
        answers = [get("/v1/farms/barn"), client.get("/nothing%0Ahere"), client.get("/health/live")]

    answered = [event for event in events if event["event"] == "api.answered"]
    assert [event["request_id"] for event in answered] == [answer.headers["X-Request-ID"] for answer in answers]
    assert [(event["route"], event["status"]) for event in answered] == [
        ("/v1/farms/{farm}", 200),
        (None, 404),
        ("/health/live", 200),
    ]


def test_a_clients_own_request_id_is_kept_if_it_is_harmless(client):
    for given, kept in (("abc-1.2_Z", True), ("x" * 65, False), ("a b", False), ("a\x1b[31m", False), ("", False)):
        answer = client.get("/health/live", headers={"X-Request-ID": given})
        assert (answer.headers["X-Request-ID"] == given) is kept


def test_a_database_that_is_away_is_said_so(hasher, signing_key):
    """Whatever asks for the database is answered 503; what does not is answered as ever."""
    engine = database.engine_for("postgresql://animov_api@127.0.0.1:9/animov?connect_timeout=2")
    app = create_app(engine=engine, signing_key=signing_key, hasher=hasher)
    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.post("/v1/login", json={"username": "marie", "password": "x"})
        assert check(answer, 503, "unavailable").detail == "the database does not answer at the moment"
        assert answer.headers["Retry-After"]
        assert client.get("/health/ready").status_code == 503
        assert client.get("/health/live").json() == {"status": "live"}
        check(client.get("/v1/farms"), 401, "unauthorized")


def test_every_answer_is_guarded_by_headers(client, get):
    paths = ("/", "/docs", "/openapi.json", "/health/ready", "/v1/farms", "/nothing", "/assets/docs.js")
    for answer in [*map(client.get, paths), get("/v1/farms")]:
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "script-src 'unsafe" not in answer.headers["Content-Security-Policy"]
        assert "server" not in answer.headers


@pytest.mark.parametrize("path", ["/v1/login", "/login", "/train", "/predict", "/v1/farms/barn/herd", "/v1/farms"])
def test_a_client_who_leaves_in_the_middle_is_no_fault_of_ours(app, path):
    parts = iter([{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}])
    headers = [(b"content-type", b"application/json"), (b"content-length", b"100")]
    scope = {"type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b""}
    scope |= {"headers": headers, "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 1), "scheme": "http"}
    sent = []

    async def receive():
        return next(parts)

    async def send(message):
        sent.append(message)

    with structlog.testing.capture_logs() as logged:
        asyncio.run(app({**scope, "http_version": "1.1", "root_path": ""}, receive, send))

    assert "error" not in {one["log_level"] for one in logged}
    assert all(message["status"] < 500 for message in sent if message["type"] == "http.response.start")

"""Metrics say what happened, in a bounded number of series, to whoever may know, and name no farm."""

import random
import string
from contextlib import contextmanager

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from api.app import create_app
from storage.engine import database

TOKEN = "t" * 16
HERE = ("127.0.0.1", 5555)
SEED = 5


@pytest.fixture
def serving(api_engine, hasher, signing_key, yards):
    """Serve to a client at an address, `(client, metrics_token)`, an API of which nothing is counted yet."""

    @contextmanager
    def serve(client=HERE, **options):
        app = create_app(engine=api_engine, signing_key=signing_key, hasher=hasher, live_s=0.05, **options)
        with TestClient(app, raise_server_exceptions=False, client=client) as made:
            yield made

    return serve


def figures(client):
    """The samples of all metrics, by name and labels."""
    answer = client.get("/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = list(text_string_to_metric_families(answer.text))
    assert len({family.name for family in families}) == len(families)
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value for family in families for sample in family.samples
    }


def requests(found):
    """How many requests were counted, by method, route and status."""
    counted = [(dict(labels), value) for (name, *labels), value in found.items() if name.endswith("requests_total")]
    return {(labels["method"], labels["route"], labels["status"]): value for labels, value in counted}


def test_requests_count_by_route_and_status(serving, password):
    with serving() as client:
        for path in (
            "/v1/farms/barn",
            "/v1/farms/other",
            "/v1/farms/barn/animals/7",
            "/nothing",
            "/health/live",
            "/assets/docs.js",
        ):
            client.get(path)
        client.delete("/v1/farms")
        client.request("BREW", "/coffee")
        client.post("/v1/login", json={"username": "barn-viewer", "password": password})
        found = figures(client)

    assert requests(found) == {
        ("GET", "/v1/farms/{farm}", "401"): 2,
        ("GET", "/v1/farms/{farm}/animals/{animal}", "401"): 1,
        ("GET", "none", "404"): 1,
        ("GET", "/health/live", "200"): 1,
        ("GET", "none", "200"): 1,  # a file
        ("DELETE", "/v1/farms", "405"): 1,
        ("other", "none", "404"): 1,
        ("POST", "/v1/login", "200"): 1,
    }
    lasted = ("animov_http_request_duration_seconds_count", ("method", "GET"), ("route", "/v1/farms/{farm}"))
    assert found[lasted] == 2
    assert found["animov_http_requests_in_progress",] == 1  # the one that asks


def test_an_attack_on_paths_makes_no_series(serving):
    """Paths, methods, hosts and queries that nobody knows; whatever is sent, the names of series come from us."""
    draw = random.Random(SEED)
    letters = string.ascii_letters + string.digits + "/%._-~"
    with serving() as client:
        figures(client)
        client.request("BREW", "/x")
        for method in ("GET", "POST"):
            for path in ("/x", "/v1/farms/x", "/health/live", "/v1/farms/x/animals", "/login"):
                client.request(method, path)
        before = figures(client).keys()
        for _ in range(150):
            junk = "".join(draw.choices(letters, k=draw.randrange(1, 60)))
            method = draw.choice(("GET", "POST", "".join(draw.choices(string.ascii_uppercase, k=7))))
            start = draw.choice(("/", "/v1/farms/", "/v1/", "/assets/../", "/health/", "/metrics/"))
            client.request(method, start + junk, headers={"Host": junk.replace("/", "") or "x"})
        after = figures(client)

    routes = {route for _, route, _ in requests(after)}
    assert routes <= {"none", "/", "/docs", "/openapi.json", *client.app.openapi()["paths"]}
    assert {method for method, _, _ in requests(after)} <= {"GET", "POST", "other"}
    assert len(after) < len(before) + 60  # other statuses of the same few routes
    assert not any("farms/barn" in str(key) for key in after)


def test_refused_logins_count(serving, password):
    with serving() as client:
        for name in ["nobody-of-that-name"] * 12 + ["barn-viewer"]:
            sent = {"username": name, "password": password if name == "barn-viewer" else "wrong"}
            client.post("/v1/login", json=sent)
        client.post("/login", json={"username": "nobody-else", "password": "wrong"})
        found = figures(client)

    assert found["animov_login_refusals_total", ("reason", "password")] == 11
    assert found["animov_login_refusals_total", ("reason", "too_many_tries")] == 2


def test_readings_by_http_count(serving, yards, key_of):
    """Nobody reads them here, so they wait."""
    payload = {"t0": "2026-07-01T10:00:00Z", "t1": "2026-07-01T10:10:00Z", "posture": "lying"}
    sent = [{"topic": f"animov/v1/barn/c-{name}/posture", "payload": payload} for name in ("ada", "bea")]
    with serving() as client:
        headers = key_of(yards["barn"], "readings")
        assert client.post("/v1/readings", json={"messages": sent}, headers=headers).status_code == 202
        found = figures(client)

    assert found["animov_posted_messages_total", ("state", "waiting")] == 2
    assert found["animov_posted_messages_waiting",] == 2
    assert 0 < found["animov_posted_message_oldest_waiting_seconds",] < 60


def test_live_listeners_count_and_do_not_last(serving, headers_of):
    with serving() as client:
        headers = headers_of("barn-viewer")
        seen = []
        hub = client.app.state.live
        join = hub.join

        async def joined(listener):
            await join(listener)
            seen.append(client.app.state.figures.registry.get_sample_value("animov_live_listeners"))

        hub.join = joined
        assert client.get("/v1/live", headers=headers).status_code == 200  # until it is asked to come again
        found = figures(client)

    assert seen == [1]
    assert found["animov_live_listeners",] == 0
    assert requests(found)["GET", "/v1/live", "200"] == 1
    assert not any("/v1/live" in str(key) for key in found if "duration" in key[0])


def test_the_node_is_told_of(serving, engine, yards):
    with serving() as client:
        found = figures(client)

    assert found["animov_database_up",] == found["animov_database_current",] == 1
    assert 0 < found["animov_database_probe_seconds",] < 60
    assert found["animov_newest_window_age_seconds",] == 0
    assert found["animov_database_connections", ("state", "in_use")] == 0
    assert found["process_resident_memory_bytes",] > 1e7


def test_no_farm_nor_person_is_named(serving, yards, headers_of):
    with serving() as client:
        for farm in yards:
            client.get(f"/v1/farms/{farm}", headers=headers_of(f"{farm}-viewer"))
        text = client.get("/metrics").text

    for name in ("barn", "other", "ada", "viewer", "animov_api", "127.0.0.1"):
        assert f'"{name}' not in text.replace('method="other"', ""), name


def test_a_database_that_is_away_is_a_figure(hasher, signing_key):
    engine = database.engine_for("postgresql://animov_api@127.0.0.1:9/animov")
    app = create_app(engine=engine, signing_key=signing_key, hasher=hasher)
    with TestClient(app, client=HERE) as client:
        found = figures(client)

    assert found["animov_database_up",] == 0
    assert not any(name in {key[0] for key in found} for name in ("animov_database_current", "animov_jobs"))


@pytest.mark.parametrize(
    ("client", "headers", "status"),
    [
        (HERE, {}, 200),
        (("::1", 1), {}, 200),
        (("192.0.2.7", 1), {}, 401),
        (("testclient", 1), {}, 401),
        (HERE, {"X-Forwarded-For": "192.0.2.7"}, 401),
        (HERE, {"Forwarded": "for=192.0.2.7"}, 401),
        (("192.0.2.7", 1), {"Authorization": f"Bearer {TOKEN}"}, 401),
    ],
)
def test_without_a_token_only_this_machine_reads_it(serving, client, headers, status):
    with serving(client) as made:
        answer = made.get("/metrics", headers=headers)

    assert answer.status_code == status
    if status == 401:
        assert answer.json()["type"] == "urn:animov:problem:unauthorized"


@pytest.mark.parametrize(
    ("client", "headers", "status"),
    [
        (("192.0.2.7", 1), {"Authorization": f"Bearer {TOKEN}"}, 200),
        (HERE, {"Authorization": f"Bearer {TOKEN}", "X-Forwarded-For": "192.0.2.7"}, 200),
        (HERE, {}, 401),
        (HERE, {"Authorization": f"Bearer {TOKEN}x"}, 401),
        (HERE, {"Authorization": "Bearer "}, 401),
        (HERE, {"Authorization": f"Basic {TOKEN}"}, 401),
        (HERE, {"Authorization": "Bearer \xff"}, 401),
    ],
)
def test_with_a_token_who_shows_it_reads_it(serving, client, headers, status):
    with serving(client, metrics_token=TOKEN) as made:
        answer = made.get("/metrics", headers={name: value.encode("latin-1") for name, value in headers.items()})

    assert answer.status_code == status
    if status == 401:
        assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_persons_token_does_not_read_it(serving, headers_of):
    with serving(metrics_token=TOKEN) as client:
        assert client.get("/metrics", headers=headers_of("root")).status_code == 401

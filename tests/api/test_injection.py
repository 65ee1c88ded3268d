"""No text of a body or a header is SQL: it is refused, or kept as the text that it is. Taken from the description."""

import copy

import pytest
from sqlalchemy import text

ATTACKS = (
    "'; DROP TABLE animal; --",
    "' OR '1'='1",
    "$$; DELETE FROM farm; $$",
    "\\'; --",
    "%(name)s :name {0}",
)
HEADERS = ("Authorization", "X-API-Key", "x-access-tokens", "Cookie", "Last-Event-ID", "Prefer", "X-Request-ID")
COUNTED = "SELECT (SELECT count(*) FROM animal), (SELECT count(*) FROM farm), (SELECT count(*) FROM collar)"
OWN = {"log_out", "change_password", "end_session"}
"""What would log out whoever asks."""


@pytest.fixture(scope="module")
def writes(app):
    """Each operation that takes a body of JSON, with its path and the body that it gives as its example."""
    return [
        (operation["operationId"], method, path, example_of(operation["requestBody"]["content"]["application/json"]))
        for path, methods in app.openapi()["paths"].items()
        for method, operation in methods.items()
        if "application/json" in operation.get("requestBody", {}).get("content", {})
    ]


def example_of(media):
    return next(iter(media["examples"].values()))["value"] if "examples" in media else media["example"]


def attacked(body, attack):
    """Yield a body with an attack in place of one text after the other."""
    for place in places(body):
        changed = copy.deepcopy(body)
        within = changed
        for step in place[:-1]:
            within = within[step]
        within[place[-1]] = attack
        yield changed


def places(value, above=()):
    if isinstance(value, str) and above:
        yield above
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        yield from places(inner, (*above, step))


def test_no_text_of_a_body_is_sql(client, writes, yard_of, filled, headers_of, engine):
    own, headers = yard_of("injected"), headers_of("root")
    with engine.connect() as connection:
        animals, farms, collars = connection.execute(text(COUNTED)).one()
    asked = 0
    for name, method, path, body in writes:
        attack = ATTACKS[asked % len(ATTACKS)]
        for changed in attacked(body, attack):
            sent = headers if name not in OWN else {}
            answer = client.request(method, filled(path, own), json=changed, headers=sent)
            assert answer.status_code < 500, (name, changed, answer.text)
            assert "psycopg" not in answer.text, name
            asked += 1
    with engine.connect() as connection:
        left = connection.execute(text(COUNTED)).one()
    assert all(now >= before for now, before in zip(left, (animals, farms, collars), strict=True))
    assert asked > len(writes)


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_is_text_is_kept_as_the_text_that_it_is(client, yards, headers_of, attack):
    headers = headers_of("barn-manager")
    made = client.post("/v1/farms/barn/animals", json={"name": attack}, headers=headers)
    path = made.headers["Location"]
    assert client.get(path, headers=headers).json()["name"] == attack

    noted = {"kind": "other", "start": "2026-05-01T08:00:00Z", "note": attack}
    entry = client.post("/v1/farms/barn/journal", json=noted, headers=headers).headers["Location"]
    assert client.get(entry, headers=headers).json()["note"] == attack
    assert client.delete(path, headers=headers).status_code == 204


@pytest.mark.parametrize("header", HEADERS)
def test_no_text_of_a_header_is_sql(client, yards, headers_of, header):
    shown = {} if header in HEADERS[:4] else headers_of("barn-viewer")
    for attack in ATTACKS:
        for prefix in ("", "Bearer ", "anv_", "animov_session="):
            answer = client.get("/v1/farms", headers={**shown, header: prefix + attack})
            assert answer.status_code == (200 if shown else 401), (header, answer.text)

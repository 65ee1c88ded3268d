"""Every route of the description, asked by everybody: nobody, each role, each scope of a key, with ids of each farm."""

import json
from typing import NamedTuple

import pytest

PUBLIC = {
    "choose_password",
    "begin_session",
    "get_deletion",
    "list_public_keys",
    "live",
    "log_in",
    "login",
    "read_metrics",
    "ready",
    "refresh",
}
"""What nobody has to log in for."""

OWN = {"change_password", "end_session", "list_sessions", "log_out", "who_am_i"}
"""What every person does about themselves."""

OF_PEOPLE = OWN - {"who_am_i"} | {"reset_password"}
"""What no key does."""

ADMINISTRATOR = {
    "add_person",
    "change_farm",
    "delete_farm",
    "export_farm",
    "create_notice_channel",
    "delete_notice_channel",
    "get_key",
    "get_person",
    "list_farm_changes",
    "list_keys",
    "list_people",
    "make_key",
    "remove_person",
    "resend_notices",
    "reset_password",
    "revoke_key",
    "set_farm_events",
    "set_role",
    "test_notice_channel",
}
PLATFORM = {
    "change_user",
    "create_farm",
    "delete_user",
    "get_user",
    "invite_user",
    "list_changes",
    "list_users",
}
HIDDEN = {"get_notice_channel", "reset_password"}
"""For whoever may not, what these are asked about isn't there."""

FIRST = "first AniMOV"
ORDER = ("viewer", "manager", "administrator", "platform")
LAST = ("delete", "log_out")
"""What is asked after everything else: it takes away what other routes are asked about."""


class Route(NamedTuple):
    """An operation of the description, and what it wants as a body, by way of example."""

    name: str
    method: str
    path: str
    sent: dict
    first: bool

    @property
    def needs(self):
        """The least role that may; routes that change something are a manager's unless they are named above."""
        if self.name in PLATFORM:
            return "platform"
        if self.name in ADMINISTRATOR:
            return "administrator"
        reads = self.name not in HIDDEN and (self.method == "get" or self.name == "predict")
        return "viewer" if reads or self.name in OWN else "manager"

    @property
    def refusal(self):
        """The status that tells somebody of the farm that this is not for them."""
        return 404 if self.name in HIDDEN else 403

    @property
    def scope(self):
        """The scope that a key needs."""
        if self.name == "post_readings":
            return "readings"
        return "read" if self.method == "get" else "write"

    @property
    def is_of_a_farm(self):
        """Whether ids of the path belong to one farm."""
        return self.name == "post_readings" or ("{" in self.path and self.name not in PLATFORM | OWN)

    def sent_to(self, farm):
        """What it wants as a body, about a farm."""
        return json.loads(json.dumps(self.sent).replace("/barn/", f"/{farm}/"))


@pytest.fixture(scope="module")
def routes(app):
    """Every route that is not for everybody, those last that end something."""
    found = [
        Route(operation["operationId"], method, path, body_of(operation), FIRST in operation["tags"])
        for path, methods in app.openapi()["paths"].items()
        for method, operation in methods.items()
    ]
    assert {route.name for route in found} >= PUBLIC | OWN | ADMINISTRATOR | PLATFORM
    guarded = [route for route in found if route.name not in PUBLIC]
    return sorted(guarded, key=lambda route: (route.name in LAST, route.method in LAST))


def body_of(operation):
    for kind, media in operation.get("requestBody", {}).get("content", {}).items():
        if kind == "text/csv":
            return {"content": media["example"], "headers": {"Content-Type": kind}}
        if not operation["requestBody"].get("required"):
            continue  # `log_out` is for whoever holds a refresh token, too
        examples = media.get("examples", {"one": {"value": media.get("example")}})
        return {"json": next(iter(examples.values()))["value"]}
    return {}


@pytest.fixture
def ask(client, filled):
    """Ask a route about a farm's things, `(route, yard, headers)`."""

    def send(route, yard, headers):
        sent = route.sent_to(yard.farm)
        sent["headers"] = {**sent.get("headers", {}), **headers}
        return client.request(route.method, filled(route.path, yard), **sent)

    return send


def test_nobody_is_let_in_without_showing_who_it_is(ask, routes, yards):
    for route in routes:
        for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Basic YTpi"}, {"X-API-Key": "anv_x"}):
            answer = ask(route, yards["barn"], headers)
            assert answer.status_code == 401, route
            assert route.first or answer.headers["WWW-Authenticate"] == "Bearer", route


@pytest.mark.parametrize("role", ORDER)
def test_a_role_may_what_it_may_on_its_farm_and_nothing_of_another(ask, routes, yard_of, yards, headers_of, role):
    own = yard_of(f"walked-{role}")
    headers = headers_of("root" if role == "platform" else f"{own.farm}-{role}")
    for route in routes:
        may = ORDER.index(role) >= ORDER.index(route.needs)
        if role != "platform" and route.is_of_a_farm:
            refused(ask(route, yards["other"], headers), 404, route)
        answer = ask(route, own, headers)
        if not may:
            refused(answer, route.refusal, route)
        elif route.method == "get" and not route.first:
            assert answer.status_code == 200, (route, answer.text)
        else:
            assert answer.status_code < 500, (route, answer.text)
            assert answer.status_code not in {401, 403} or route.name in OWN, (route, answer.text)


@pytest.mark.parametrize("scope", ["read", "write", "readings"])
def test_a_key_may_what_its_scope_says_and_nothing_of_another_farm(ask, routes, yard_of, yards, key_of, scope):
    own = yard_of(f"keyed-{scope}")
    headers = key_of(own, scope)
    reach = {"read": {"read"}, "write": {"read", "write"}, "readings": {"readings"}}[scope]
    role = "manager" if scope == "write" else "viewer"
    for route in routes:
        may = route.scope in reach and route.name not in OF_PEOPLE
        may = may and (scope == "readings" or ORDER.index(role) >= ORDER.index(route.needs))
        if route.is_of_a_farm and route.scope in reach and route.name not in OF_PEOPLE:
            refused(ask(route, yards["other"], headers), 404, route)
        answer = ask(route, own, headers)
        if may:
            assert answer.status_code < 500, (route, answer.text)
            assert answer.status_code not in {401, 403}, (route, answer.text)
        else:
            hidden = route.scope in reach and route.name not in OF_PEOPLE
            refused(answer, route.refusal if hidden else 403, route)


def test_who_has_no_farm_sees_and_changes_nothing(ask, routes, yards, headers_of):
    headers = headers_of("nobody")
    for route in routes:
        if route.name in OWN | {"create_farm"} or route.first:
            continue
        answer = ask(route, yards["barn"], headers)
        if route.name in PLATFORM:
            refused(answer, 403, route)
        elif route.is_of_a_farm:
            refused(answer, 404, route)
        else:
            assert answer.status_code < 500, route
            assert "barn" not in answer.text, route


class Absent(dict):
    """Ids that nobody has."""

    def __missing__(self, name):
        words = {"farm": "absent", "target": "2026-07-01T12:00:00Z", "artefact": "forecast.csv"}
        return words.get(name, 99_999)


def test_a_foreign_id_is_answered_like_one_that_nobody_has(client, ask, routes, yards, headers_of):
    headers = headers_of("barn-administrator")
    for route in routes:
        if route.is_of_a_farm:
            foreign = ask(route, yards["other"], headers)
            path = route.path.format_map(Absent(key="f" * 64) if "rejected" in route.path else Absent())
            sent = route.sent_to("absent")
            sent["headers"] = {**sent.get("headers", {}), **headers}
            absent = client.request(route.method, path, **sent)
            assert foreign.status_code == absent.status_code == 404, route
            assert foreign.json().keys() == absent.json().keys(), route
            if not route.first:
                assert foreign.json()["type"] == absent.json()["type"], route


def test_a_number_of_a_path_is_written_in_one_way(app, client, filled, yards, headers_of):
    """Beside the paths of one animal stand some with a word in its place, so what is no number is served by nobody."""
    headers, found = headers_of("root"), set()
    for path, methods in app.openapi()["paths"].items():
        for method, operation in methods.items():
            for parameter in operation.get("parameters", ()):
                name = parameter["name"]
                if parameter["in"] != "path" or parameter["schema"].get("type") != "integer":
                    continue
                found.add(name)
                for written in ("1_0", "1.0", "%2B1", "%201", "1%20", "-1", "%D9%A1"):
                    other = filled(path.replace(f"{{{name}}}", written), yards["barn"])
                    answer = client.request(method, other, headers=headers)
                    expected = 404 if path.endswith("/animals/{animal}") else 422
                    assert answer.status_code == expected, (method, other)
    assert found >= {"group", "animal", "collar", "model", "training", "alert"}


def test_a_route_that_takes_no_body_does_nothing_with_one(client, filled, routes, yard_of, headers_of):
    """Nothing at all and an empty object are none."""
    yard, headers = yard_of("bodies"), headers_of("root")
    for route in routes:
        if route.method == "get" or route.sent or route.name in OWN:
            continue
        path = filled(route.path, yard)
        for content in (b'{"x": 1}', b"null", b"x"):
            answer = client.request(route.method, path, content=content, headers=headers)
            refused(answer, 422, route)
            assert [fault["field"] for fault in answer.json()["errors"]] == ["body"], route
        answer = client.request(route.method, path, json={}, headers=headers)
        assert answer.status_code != 422 or answer.json()["errors"][0]["location"] == "query", route


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
def test_json_that_is_not_utf_8_is_refused(client, filled, routes, yards, headers_of, encoding):
    headers = {**headers_of("root"), "Content-Type": "application/json"}
    taking = [route for route in routes if "json" in route.sent and not route.first]
    assert len(taking) > 20
    for route in taking:
        content = json.dumps(route.sent["json"]).encode(encoding)
        answer = client.request(route.method, filled(route.path, yards["barn"]), content=content, headers=headers)
        refused(answer, 400, route)
        assert answer.json()["type"] == "urn:animov:problem:bad-request"


def refused(answer, status, route):
    assert answer.status_code == status, (route, answer.text)
    if not route.first:
        assert answer.headers["Content-Type"] == "application/problem+json", route

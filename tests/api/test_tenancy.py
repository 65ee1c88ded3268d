"""Everybody sees the own farms, whatever the route, the role and the ids asked for; the database sees to it too."""

from functools import partial

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from core.errors import SettingsError
from storage import audit, users
from storage.scoping import Scope, opened, refuse_privileged, scoped

PUBLIC = {
    "/.well-known/jwks.json",
    "/health/live",
    "/health/ready",
    "/v1/login",
    "/v1/password",
    "/v1/refresh",
    "/v1/session",
}
FIRST = {"/login", "/train", "/train/{training}", "/predict", "/predict/{prediction}", "/rmse"}
"""What the first AniMOV's clients call, refused in its own words: see `test_first_animov`."""

ROLES = ("viewer", "manager", "administrator")
SESSION = "0b6f0e0e-6a52-4a0c-9a0b-1d3a3a3f5d11"
ADMINISTRATORS = {
    "/v1/farms/{farm}/audit",
    "/v1/farms/{farm}/keys",
    "/v1/farms/{farm}/keys/{key}",
    "/v1/farms/{farm}/people",
    "/v1/farms/{farm}/people/{user}",
}
"""What a farm shows to its administrators only."""

PLATFORM = {"/v1/audit", "/v1/users", "/v1/users/{user}"}
"""What only platform administrators see."""


def routes(app):
    """Every route of the description that is not for everybody: `(method, path with names of ids)`."""
    paths = app.openapi()["paths"]
    return [(method, path) for path, methods in paths.items() if path not in PUBLIC | FIRST for method in methods]


def read_routes(app):
    return [path for method, path in routes(app) if method == "get"]


def filled(path, yard):
    """A path with a farm's own ids; a new kind of id fails here, so that no route is forgotten."""
    return path.format(
        farm=yard.farm,
        group=yard.groups["young"],
        animal=yard.animals["ada"],
        alert=yard.alert,
        session=SESSION,
        **yard.facts,
    )


class Absent(dict):
    """Ids that nobody has."""

    def __missing__(self, name):
        words = {"farm": "absent", "target": "2026-07-01T12:00:00Z", "artefact": "forecast.csv"}
        return words.get(name, 99_999)


def test_the_walk_knows_routes(app):
    assert len(routes(app)) >= 13


@pytest.mark.parametrize("role", ROLES)
def test_every_role_reads_every_route_of_its_farm_and_none_of_another(app, yards, as_user, role):
    get = as_user(f"barn-{role}")
    for path in read_routes(app):
        own, foreign = (get(filled(path, yards[name])) for name in ("barn", "other"))
        hidden = path in PLATFORM or (path in ADMINISTRATORS and role != "administrator")

        assert own.status_code == (403 if hidden else 200), (path, own.text)
        if path not in PLATFORM and "{" in path:
            assert foreign.status_code == 404, path
            assert foreign.headers["Content-Type"] == "application/problem+json"


def test_a_platform_administrator_reads_every_route_of_every_farm(app, yards, as_user):
    get = as_user("root")
    for path in read_routes(app):
        for yard in yards.values():
            assert get(filled(path, yard)).status_code == 200, path


def test_a_foreign_id_is_answered_like_one_that_nobody_has(app, yards, as_user):
    get = as_user("barn-administrator")
    for path in read_routes(app):
        if "{" in path and path not in PLATFORM:
            foreign = get(filled(path, yards["other"]))
            absent = get(path.format_map(Absent()))
            assert foreign.status_code == absent.status_code == 404
            assert foreign.json().keys() == absent.json().keys()
            assert foreign.json()["type"] == absent.json()["type"]


def test_who_has_no_farm_sees_nothing(app, yards, as_user):
    get = as_user("nobody")
    for path in set(read_routes(app)) - {"/v1/me", "/v1/me/sessions"}:
        answer = get(filled(path, yards["barn"]))
        if path in PLATFORM:
            assert answer.status_code == 403, path
        elif "{" in path:
            assert answer.status_code == 404, path
        else:
            assert answer.json()["items"] == [], path


@pytest.mark.parametrize("role", ROLES)
def test_nobody_changes_another_farm_and_a_viewer_changes_nothing(app, client, yards, headers_of, role):
    """Whatever the body: who may not is told so before anybody looks at it."""
    headers = headers_of(f"barn-{role}")
    for method, path in routes(app):
        if method == "get" or "{farm}" not in path:
            continue
        foreign = client.request(method, filled(path, yards["other"]), headers=headers)
        assert foreign.status_code == 404, (method, path, foreign.text)
        if role == "viewer":
            own = client.request(method, filled(path, yards["barn"]), headers=headers)
            assert own.status_code == 403, (method, path, own.text)


def test_nothing_is_to_be_had_without_a_token(app, client, yards):
    for method, path in routes(app):
        for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Basic YTpi"}):
            answer = client.request(method, filled(path, yards["barn"]), headers=headers)
            assert answer.status_code == 401, path
            assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_lists_over_all_farms_hold_the_own_ones_only(yards, as_user):
    get = as_user("barn-viewer")

    assert {farm["name"] for farm in get("/v1/farms").json()["items"]} == {"barn"}
    assert {message["farm"] for message in get("/v1/rejected").json()["items"]} == {"barn"}
    assert get("/v1/rejected", farm="other").json()["items"] == []


def test_who_loses_a_role_loses_the_farm_at_once(engine, person, as_user):
    name = person()
    get = as_user(name)
    assert get("/v1/farms/barn").status_code == 200

    with engine.begin() as connection:
        user = users.find_login(connection, name).user_id
        connection.execute(text("DELETE FROM app_user_farm WHERE user_id = :user"), {"user": user})

    assert get("/v1/farms/barn").status_code == 404


def test_who_is_no_longer_a_user_is_not_let_in(engine, person, as_user):
    name = person()
    get = as_user(name)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM app_user WHERE name = :name"), {"name": name})

    assert get("/v1/farms").status_code == 401


VISIBLE = {
    "farm": "SELECT id FROM farm",
    "animal_group": "SELECT farm_id FROM animal_group",
    "animal": "SELECT farm_id FROM animal",
    "collar": "SELECT farm_id FROM collar",
    "assignment": "SELECT n.farm_id FROM assignment a JOIN animal n ON n.id = a.animal_id",
    "rejected_message": "SELECT farm_id FROM rejected_message",
    "series": "SELECT farm_id FROM series",
    "farm_window": "SELECT farm_id FROM farm_window",
    "farm_forecast": "SELECT farm_id FROM farm_forecast",
    "farm_score": "SELECT farm_id FROM farm_score",
    "farm_collar_heard": "SELECT farm_id FROM farm_collar_heard",
    "app_user_farm": "SELECT farm_id FROM app_user_farm",
    "api_key": "SELECT farm_id FROM api_key",
    "audit_log": "SELECT farm_id FROM audit_log WHERE farm_id IS NOT NULL",
}


def test_the_database_itself_shows_the_scope_and_nothing_else(api_engine, noted):
    """Queries that forget about farms get the rows of the caller's farms all the same, and none outside a scope."""
    with scoped(api_engine, partial(Scope, actor="ada", roles={noted["barn"].farm_id: "administrator"})) as scope:
        for name, query in VISIBLE.items():
            found = set(scope.connection.execute(text(query)).scalars())
            assert found == {noted["barn"].farm_id}, name
    with opened(api_engine) as connection:
        for name, query in VISIBLE.items():
            assert connection.execute(text(query)).all() == [], name


@pytest.fixture
def noted(engine, yards):
    """The farms, each with an entry in its audit log."""
    with engine.begin() as connection:
        for yard in yards.values():
            audit.note(Scope(connection, "ada", {}), yard.farm_id, "animal.renamed", "animal ada")
    return yards


@pytest.mark.parametrize(
    ("statement", "role"),
    [
        ("INSERT INTO app_user_farm (user_id, farm_id, role) VALUES (:user, :other, 'viewer')", "administrator"),
        ("INSERT INTO app_user_farm (user_id, farm_id, role) VALUES (:nobody, :own, 'viewer')", "manager"),
        (
            """INSERT INTO api_key (farm_id, name, prefix, hash, scopes, made_by, made_at)
            VALUES (:other, 'x', 'x', 'x', '{read}', 'x', now())""",
            "administrator",
        ),
        (
            "INSERT INTO audit_log (farm_id, actor, action, subject) VALUES (:other, 'ada', 'farm.lied', 'farm')",
            "administrator",
        ),
        ("INSERT INTO app_user (name, password_hash, platform) VALUES ('mallory', '', true)", "administrator"),
        ("UPDATE app_user SET platform = true WHERE id = :user", "administrator"),
        ("UPDATE audit_log SET actor = 'somebody else'", "administrator"),
        ("DELETE FROM audit_log", "administrator"),
        ("SELECT password_hash FROM app_user", "administrator"),
        ("SELECT hash FROM api_key", "administrator"),
    ],
)
def test_the_database_itself_refuses_what_no_route_asks_for(api_engine, noted, statement, role):
    own, other = noted["barn"], noted["other"]
    values = {"own": own.farm_id, "other": other.farm_id, "user": own.facts["user"], "nobody": other.facts["user"]}
    identify = partial(Scope, actor="ada", roles={own.farm_id: role})
    with (
        pytest.raises(ProgrammingError, match=r"permission denied|row-level security|only a platform administrator"),
        scoped(api_engine, identify) as scope,
    ):
        scope.connection.execute(text(statement), values)


@pytest.mark.parametrize(
    ("table", "farm_id"), [("app_user_farm", "farm_id"), ("api_key", "farm_id")], ids=["roles", "keys"]
)
def test_what_another_farm_has_can_not_be_deleted(api_engine, yards, table, farm_id):
    identify = partial(Scope, actor="ada", roles={yards["barn"].farm_id: "administrator"})
    with scoped(api_engine, identify) as scope:
        statement = text(f"DELETE FROM {table} WHERE {farm_id} = :other")
        assert scope.connection.execute(statement, {"other": yards["other"].farm_id}).rowcount == 0


@pytest.mark.parametrize("table", ["posture_window", "evidence", "forecast", "score", "raw_pack", "stale_bucket"])
def test_the_role_of_the_api_can_not_read_around_the_views(api_engine, yards, table):
    with api_engine.connect() as connection, pytest.raises(Exception, match="permission denied"):
        connection.execute(text(f"SELECT * FROM {table}"))


def test_the_role_of_the_api_is_no_superuser(api_engine):
    refuse_privileged(api_engine)
    query = "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user"
    with opened(api_engine) as connection:
        assert tuple(connection.execute(text(query)).one()) == (False, False, False, False)


def test_a_role_that_sees_every_farm_is_refused(engine):
    with pytest.raises(SettingsError, match="sees every farm"):
        refuse_privileged(engine)

"""Everybody sees the own farms, whatever the route, the role and the ids asked for; the database sees to it too."""

from functools import partial

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from core.errors import SettingsError
from storage.access import audit, users
from storage.access.scoping import Scope, opened, refuse_privileged, scoped


def test_lists_over_all_farms_hold_the_own_ones_only(yards, as_user):
    get = as_user("barn-viewer")

    assert {farm["name"] for farm in get("/v1/farms").json()["items"]} == {"barn"}
    assert {message["farm"] for message in get("/v1/rejected").json()["items"]} == {"barn"}
    for farm in ("other", "absent"):
        assert get("/v1/rejected", farm=farm).status_code == 404


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

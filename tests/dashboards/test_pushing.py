"""A Grafana server comes to hold what is wanted: at once, once more without a change, and again after somebody's hand.

No Grafana runs here. The client is grafana-client itself; the server keeps those of Grafana's rules that it meets.
"""

import copy
import os

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from animov.dashboards import push_farms
from core.errors import NotFoundError, SettingsError, UnavailableError
from core.settings import Settings
from dashboards.pushing import differences, open_grafana, push
from dashboards.wanted import LONGEST_UID, Source, key_of, outlet_for, wanted
from storage.access.readers import own_reader, reads
from tests.dashboards.grafana import OTHERS, TOKEN, VIEWERS, duration, running


@pytest.fixture
def grafana():
    with running() as held:
        yield held


SOURCE = Source("127.0.0.1:5432", "animov", "animov_ro_barn")


def things(name="barn", mails=("marie@example.org",), language="fr", source=SOURCE):
    return wanted(outlet_for(name, language, "Europe/Paris"), name, source, mails)


@pytest.fixture
def api(grafana):
    opened = open_grafana(grafana.url, TOKEN)
    yield opened
    opened.client.s.close()


def test_all_is_written_once_and_nothing_the_second_time(grafana, api):
    first = push(api, things(), lambda: "secret")
    writes = grafana.writes
    second = push(api, things(), lambda: pytest.fail("nobody asked for a password"))

    assert [one.wanted for one in first] == things()
    assert len(grafana.first.boards) == 7
    assert second == []
    assert grafana.writes == writes
    assert grafana.first.passwords == ["secret"]


def test_what_somebody_changed_by_hand_is_written_again_and_nothing_else(grafana, api):
    push(api, things(), lambda: "secret")
    grafana.first.boards["animov-barn-group"]["dashboard"]["panels"][0]["title"] = "mine"
    grafana.first.boards["animov-barn-home"]["dashboard"]["panels"].append({"id": 99, "title": "more"})
    grafana.first.groups["animov-barn", "animov"]["rules"][0]["for"] = "3h"
    grafana.first.folders["animov-barn"]["title"] = "renamed"

    written = push(api, things(), lambda: "another")

    assert [one.wanted.uid for one in written] == [
        "animov-barn",
        "animov-barn-home",
        "animov-barn-group",
        "animov-barn/animov",
    ]
    assert list(differences(api, things())) == []
    assert grafana.first.passwords == ["secret"]


def test_a_dry_run_shows_the_lines_that_differ_and_changes_nothing(grafana, api):
    push(api, things(), lambda: "secret")
    grafana.first.boards["animov-barn-group"]["dashboard"]["panels"][0]["title"] = "mine"
    before = copy.deepcopy((grafana.first.boards, grafana.writes))

    (one,) = differences(api, things())

    changed = [line for line in one.told().splitlines()[2:] if line[0] in "+-"]
    assert changed == ['-    "title": "mine",', '+    "title": "Part du temps debout, mesurée et prévue",']
    assert (grafana.first.boards, grafana.writes) == before


def test_another_role_or_a_role_to_be_made_gets_a_password(grafana, api):
    push(api, things(), lambda: "one")
    push(api, things(source=Source("127.0.0.1:5432", "animov", "animov_ro_valley")), lambda: "two")
    push(api, things(source=Source("127.0.0.1:5432", "animov", "animov_ro_valley")), lambda: "three", renew=True)

    assert grafana.first.passwords == ["one", "two", "three"]


def test_readers_do_not_disturb_each_other(grafana, api):
    push(api, things("barn"), lambda: "one")
    push(api, things("a" * 64, mails=()), lambda: "two")
    push(api, things("a" * 63 + "b"), lambda: "three")

    assert len(grafana.first.boards) == 21
    assert list(differences(api, things("barn"))) == []
    assert len({key_of("a" * 64), key_of("a" * 63 + "b")}) == 2
    for one in things("a" * 64):
        assert len(one.uid.split("/")[0]) <= LONGEST_UID
        assert all(len(rule["uid"]) <= LONGEST_UID for rule in one.value.get("rules", []))


def test_the_other_language_takes_the_place_of_the_first(grafana, api):
    push(api, things(), lambda: "one")
    written = push(api, things(language="en"), lambda: pytest.fail("nobody asked for a password"))

    assert {one.wanted.kind for one in written} == {"dashboard", "rules"}
    assert grafana.first.boards["animov-barn-home"]["dashboard"]["title"] == "My goats"


def test_a_refusal_and_silence_are_told_in_a_sentence(grafana):
    for url, token, told in ((grafana.url, "wrong", "refuses: 401"), ("http://127.0.0.1:9", TOKEN, "does not answer")):
        api = open_grafana(url, token)
        with pytest.raises(UnavailableError, match=told):
            list(differences(api, things()))
        api.client.s.close()


@pytest.mark.parametrize("health", [{}, [], "<html>", None, {"status": "ready"}])
def test_what_is_no_grafana_is_not_written_to(grafana, api, health):
    grafana.health = health
    with pytest.raises(UnavailableError, match="no Grafana"):
        push(api, things(), lambda: pytest.fail("nobody asked for a password"))
    assert grafana.writes == 0


def test_what_it_has_no_route_for_is_not_taken_for_written(grafana, api, monkeypatch):
    routes = grafana.routes
    monkeypatch.setattr(grafana, "routes", lambda one: [route for route in routes(one) if route[0] == "GET"])
    with pytest.raises(UnavailableError, match="refuses: 404"):
        push(api, things(), lambda: pytest.fail("nobody asked for a password"))


def test_whoever_may_only_look_writes_nothing_and_is_told(grafana):
    api = open_grafana(grafana.url, VIEWERS)
    with pytest.raises(UnavailableError, match=r"refuses: 403.*permissions"):
        push(api, things(), lambda: pytest.fail("nobody asked for a password"))
    api.client.s.close()
    assert grafana.first.folders == {}


def test_what_came_by_a_file_is_left_to_the_file_and_that_is_told(grafana, api):
    push(api, things(), lambda: "secret")
    grafana.first.sources["animov-barn"]["readOnly"] = True
    with pytest.raises(UnavailableError, match=r"refuses: 403.*read-only"):
        push(api, things(source=Source("db:5432", "animov", "animov_ro_barn")), lambda: "another")

    grafana.first.sources["animov-barn"]["readOnly"] = False
    grafana.first.from_files = {"animov-barn-home"}
    with pytest.raises(UnavailableError, match=r"refuses: 400.*provisioned"):
        push(api, things(language="en"), lambda: "another")

    grafana.first.from_files = set()
    grafana.first.groups["animov-barn", "animov"]["rules"][0]["provenance"] = "file"
    with pytest.raises(UnavailableError, match=r"refuses: 409.*provenance"):
        push(api, things(language="en"), lambda: "another")


def test_organisations_hold_the_same_farm_apart(grafana, api):
    push(api, things(), lambda: "one")
    other = open_grafana(grafana.url, OTHERS)
    assert [one.wanted for one in push(other, things(), lambda: "two")] == things()
    grafana.second.boards.clear()

    assert list(differences(api, things())) == []
    assert len(push(other, things(), lambda: "two")) == 7
    assert (grafana.first.passwords, grafana.second.passwords) == (["one"], ["two"])
    other.client.s.close()


def test_a_server_that_tells_dashboards_in_a_later_version_holds_them_all_the_same(grafana, api):
    push(api, things(), lambda: "secret")
    for one in grafana.first.boards.values():
        one["dashboard"]["schemaVersion"] += 1
    assert list(differences(api, things())) == []

    grafana.first.boards["animov-barn-home"]["dashboard"]["schemaVersion"] = 30
    assert [one.wanted.uid for one in differences(api, things())] == ["animov-barn-home"]


def test_what_was_saved_by_hand_in_the_form_of_grafana_13_is_put_back(grafana, api):
    push(api, things(), lambda: "secret")
    grafana.first.in_v2 = {"animov-barn-home", "animov-barn-group"}
    shown = list(differences(api, things()))

    assert [one.wanted.uid for one in shown] == ["animov-barn-home", "animov-barn-group"]
    assert shown[0].told().splitlines()[3] == "-{}"
    assert len(push(api, things(), lambda: "another")) == 2
    assert push(api, things(), lambda: "another") == []


def test_nobody_is_told_the_password_again(grafana, api):
    push(api, things(), lambda: "secret")
    told = api.datasource.get_datasource_by_uid("animov-barn")

    assert told["secureJsonFields"] == {"password": True}
    assert "secret" not in str(told)


@pytest.mark.parametrize("mails", [(), ("marie@example.org",)])
def test_what_rules_name_is_there(mails):
    """Grafana takes rules whose folder, data source or condition is not there, and evaluates them in vain."""
    made = {one.kind: one for one in things(mails=mails)}
    group = made["rules"].value
    assert group["folderUid"] == made["folder"].uid
    for rule in group["rules"]:
        steps = {step["refId"]: step for step in rule["data"]}
        assert rule["condition"] in steps
        assert {step["datasourceUid"] for step in steps.values()} == {"__expr__", made["data source"].uid}
        assert {step["model"]["expression"] for step in steps.values() if "expression" in step["model"]} <= set(steps)
        assert duration(rule["for"]) == rule["for"]
        assert (rule.get("notification_settings") is not None) == bool(mails)


def test_a_server_below_a_path_is_reached():
    api = open_grafana("https://example.org/grafana", TOKEN)

    assert api.client.url == "https://example.org/grafana/api"
    api.client.s.close()


@pytest.fixture
def node(grafana, herds_url):
    """Settings of a node with two farms that fills this server."""
    return Settings(
        database_url=herds_url,
        grafana_url=grafana.url,
        grafana_token=TOKEN,
        grafana_mails="a@example.org, b@example.org",
    )


def pushed(node, names, **changed):
    asked = {"name": None, "address": "db:5432", "language": "fr", "dry_run": False} | changed
    return push_farms(node, names, **asked)


def test_the_command_makes_the_reader_that_the_data_source_logs_in_by(grafana, node, farms, herds_url):
    shown = pushed(node, farms[:1], dry_run=True)
    assert (len(shown), grafana.writes) == (11, 0)
    assert own_reader(herds_url, farms[0]) is None

    assert [one.wanted for one in pushed(node, farms[:1])] == [one.wanted for one in shown]
    assert pushed(node, farms[:1]) == []

    (source,) = grafana.first.sources.values()
    assert source["url"] == "db:5432"
    (contact,) = grafana.first.contacts.values()
    assert contact["settings"]["addresses"] == "a@example.org;b@example.org"
    login = make_conninfo(herds_url, user=source["user"], password=grafana.first.passwords[0])
    with psycopg.connect(login) as connection:
        assert connection.execute("SELECT name FROM panel.farm").fetchall() == [(farms[0],)]


def test_the_command_makes_a_reader_of_several_farms_and_follows_which(grafana, node, farms, herds_url):
    name = f"valley-{os.getpid()}"
    with pytest.raises(SettingsError, match="--name"):
        pushed(node, farms)
    pushed(node, farms, name=name)
    assert pushed(node, farms, name=name) == []
    (changed,) = pushed(node, farms[:1], name=name)

    assert changed.wanted.kind == "data source"
    assert reads(herds_url, name) == {farms[0]}


def test_the_command_says_what_it_lacks(node, farms):
    with pytest.raises(SettingsError, match="which Grafana"):
        pushed(node.model_copy(update={"grafana_token": None}), farms[:1])
    with pytest.raises(NotFoundError, match="nowhere"):
        pushed(node, ["nowhere"])

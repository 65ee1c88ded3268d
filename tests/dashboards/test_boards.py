"""What holds of every dashboard, in both languages."""

import json
import re
from itertools import combinations

import pytest
import yaml

from dashboards.board import WIDTH
from dashboards.boards import BOARDS, all_boards
from dashboards.building import FOLDER, files
from dashboards.panels import Outlet
from dashboards.rules import provisioned
from dashboards.said import BOARDS as BOARDS_SAID
from dashboards.said import COLUMNS, PANELS

EVERY = [(language, name) for language in ("fr", "en") for name in BOARDS]


@pytest.fixture(params=EVERY, ids=["-".join(one) for one in EVERY])
def board(request):
    language, name = request.param
    return BOARDS[name](Outlet(language))


def test_what_is_committed_is_what_is_built():
    assert {path: (FOLDER / path).read_text("utf-8") for path in files()} == files()
    assert {path.relative_to(FOLDER) for path in FOLDER.rglob("*.json")} == set(files())


def test_panels_have_ids_of_their_own_and_places_that_do_not_overlap(board):
    panels = board["panels"]
    assert sorted(panel["id"] for panel in panels) == list(range(1, len(panels) + 1))
    for panel in panels:
        place = panel["gridPos"]
        assert 0 <= place["x"] < place["x"] + place["w"] <= WIDTH
        assert place["h"] >= 3
    for one, other in combinations([panel["gridPos"] for panel in panels], 2):
        apart = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        assert apart or one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]


def test_every_panel_has_a_title_of_its_own_and_a_sentence(board):
    titles = [panel["title"] for panel in board["panels"]]
    assert len(titles) == len(set(titles))
    for panel in board["panels"]:
        assert re.fullmatch(r".{20,}[.]", panel["description"], re.DOTALL), panel["title"]


def test_all_is_asked_of_the_one_data_source(board):
    def sources(value):
        if isinstance(value, dict):
            if "datasource" in value:
                yield value["datasource"]
            for one in value.values():
                yield from sources(one)
        elif isinstance(value, list):
            for one in value:
                yield from sources(one)

    assert {json.dumps(one) for one in sources(board)} == {json.dumps(Outlet("fr").source)}


def test_every_variable_that_is_used_is_declared_before(board):
    declared = set()
    for variable in board["templating"]["list"]:
        assert used(variable["query"]) <= declared
        declared.add(variable["name"])
    for panel in board["panels"]:
        queries = " ".join(query["rawSql"] for query in panel["targets"])
        assert used(queries + panel["title"] + panel["description"]) <= declared, panel["title"]
    for mark in board["annotations"]["list"]:
        assert used(mark["target"]["rawSql"]) <= declared


def used(text):
    return set(re.findall(r"\$\{(\w+)", text))


def test_links_lead_to_dashboards_with_the_variables_that_they_have():
    boards = all_boards(Outlet("fr"))
    uids = {board["uid"]: {one["name"] for one in board["templating"]["list"]} for board in boards.values()}
    for board in boards.values():
        for uid, query in re.findall(r'"/d/([\w-]+)\??([^"]*)"', json.dumps(board)):
            assert set(re.findall(r"var-(\w+)=", query)) <= uids[uid]


def test_lines_are_never_drawn_over_a_hole(board):
    for panel in board["panels"]:
        if panel["type"] in {"timeseries", "state-timeline"}:
            assert panel["fieldConfig"]["defaults"]["custom"]["spanNulls"] is False


def test_both_languages_show_the_same():
    def shape(value):
        if isinstance(value, dict):
            return {key: shape(one) for key, one in value.items()}
        return [shape(one) for one in value] if isinstance(value, list) else type(value)

    french, english = (all_boards(Outlet(language)) for language in ("fr", "en"))
    assert {name: [panel["type"] for panel in board["panels"]] for name, board in french.items()} == {
        name: [panel["type"] for panel in board["panels"]] for name, board in english.items()
    }
    assert [board["title"] for board in french.values()] == [
        "Mes élevages",
        "Mes chèvres",
        "Groupe",
        "Animal",
        "Colliers",
        "Modèle",
        "Système",
    ]


def test_all_that_can_be_said_is_said_somewhere():
    written = json.dumps(all_boards(Outlet("fr")), ensure_ascii=False)
    for said in (*BOARDS_SAID.values(), *PANELS.values()):
        assert json.dumps(said.title.fr, ensure_ascii=False)[1:-1] in written
    for name in COLUMNS:
        assert f'"options": "{name}"' in written, name


def test_a_rule_says_what_was_seen_what_was_expected_and_what_to_check():
    for rule in provisioned(Outlet("fr"))["groups"][0]["rules"]:
        assert re.fullmatch(r"Vu : .+\. Attendu : .+\. À vérifier : .+", rule["annotations"]["description"])
        (asked,) = (one["model"] for one in rule["data"] if one["refId"] == "A")
        assert asked["format"] == "time_series"
        assert " AS time" in asked["rawSql"]


def test_files_for_a_server_name_the_data_source_and_the_folder():
    """Which of them are mounted where is told by the laws of docker-compose.yml."""
    (source,) = yaml.safe_load((FOLDER / "provisioning/datasources/animov.yaml").read_text("utf-8"))["datasources"]
    (provider,) = yaml.safe_load((FOLDER / "provisioning/dashboards/animov.yaml").read_text("utf-8"))["providers"]

    assert {"type": source["type"], "uid": source["uid"]} == Outlet("fr").source
    assert provider["folder"] == provisioned(Outlet("fr"))["groups"][0]["folder"]


def test_of_what_files_say_a_server_puts_in_no_variable_but_the_addresses():
    """Annotations expand `${NAME}` alone, queries of rules nothing, everything else `$NAME` too: `mapToModel` of
    pkg/services/provisioning/alerting/rules_types.go of grafana/grafana (0085cf8)."""
    made = provisioned(Outlet("fr"))
    assert "${" not in json.dumps([rule["annotations"] for rule in made["groups"][0]["rules"]])
    for rule in made["groups"][0]["rules"]:
        rule["annotations"] = rule["data"] = None
    assert re.findall(r"[$]\w+", json.dumps(made)) == ["$GRAFANA_MAILS"]

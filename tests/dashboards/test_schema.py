"""Dashboards and rules keep Grafana's published schema; of each member a misspelling would be told."""

import pytest

from dashboards.boards import all_boards
from dashboards.panels import Outlet
from dashboards.rules import rule_group
from tests.dashboards.schema import faults_of_board, faults_of_rules


def group_of(language):
    return rule_group(Outlet(language), "animov-barn", "barn", contact=True)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_all_is_read_by_the_models_of_the_schema_and_nothing_is_lost(language):
    for name, board in all_boards(Outlet(language)).items():
        assert faults_of_board(board) == [], name
    assert faults_of_rules(group_of(language)) == []


def members(value, path=()):
    """Each member of each object: the object, its name, and its path, which is the same for all items of a list."""
    if isinstance(value, dict):
        for name, inner in value.items():
            here = (*path, name)
            yield value, name, here
            if not is_free(value, name):
                yield from members(inner, here)
    elif isinstance(value, list):
        for inner in value:
            yield from members(inner, (*path, "*"))


def is_free(holder, name):
    """Whether the members of a member may have any name: words for values, and what rules say."""
    return (name == "options" and holder.get("type") == "value") or (
        name in {"labels", "annotations"} and "condition" in holder
    )


def misspelt(value, faults, known):
    """Paths of members that may be misspelt without a fault; those of `known` are not tried again."""
    for holder, name, path in list(members(value)):
        if path not in known:
            known.add(path)
            holder[f"{name}x"] = holder.pop(name)
            if not faults(value):
                yield ".".join(path)
            holder[name] = holder.pop(f"{name}x")


def test_no_member_can_be_misspelt_without_a_fault():
    known = set()
    for board in all_boards(Outlet("fr")).values():
        for panel in board["panels"]:
            assert list(misspelt(board | {"panels": [panel]}, faults_of_board, known)) == []
    assert list(misspelt(group_of("fr"), faults_of_rules, known)) == []
    assert len(known) > 150


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("panels", 0, "gridPos", "w"), "12"),
        (("panels", 0, "type"), 7),
        (("panels", 0, "fieldConfig", "defaults", "custom", "lineInterpolation"), "curved"),
        (("panels", 0, "targets", 0, "format"), "rows"),
        (("templating", "list", 0, "hide"), 9),
        (("time", "from"), None),
        (("panels", 1, "fieldConfig", "overrides", 2, "properties", 2, "value", "mode"), "relative"),
        (("schemaVersion",), "42"),
    ],
)
def test_a_value_of_another_kind_is_a_fault(path, value):
    board = all_boards(Outlet("fr"))["group"]
    *above, last = path
    holder = board
    for name in above:
        holder = holder[name]
    assert last in holder, path
    holder[last] = value

    assert faults_of_board(board) != []

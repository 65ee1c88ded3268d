"""Everything that dashboards and rules ask of the database, one after the other: for trying it and timing it."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Final, NamedTuple

from core.alert_texts import Language
from dashboards.boards import all_boards
from dashboards.expanding import expanded
from dashboards.panels import Outlet
from dashboards.rules import rules

_NO_SPAN: Final = datetime(2000, 1, 1, tzinfo=UTC)


class Asked(NamedTuple):
    """A query: where it stands, `time_series`, `table`, `mark`, `variable` or `rule`, and its SQL with its macros."""

    where: str
    kind: str
    sql: str


def everything(language: Language) -> Iterator[Asked]:
    """Tell all queries of the panels, marks and variables of all dashboards, and of the alert rules."""
    for name, board in all_boards(Outlet(language)).items():
        for panel in board["panels"]:
            for query in panel["targets"]:
                yield Asked(f"{name}/{panel['id']}{query['refId']}", query["format"], query["rawSql"])
        for mark in board["annotations"]["list"]:
            yield Asked(f"{name}/{mark['name']}", "mark", mark["target"]["rawSql"])
        for variable in board["templating"]["list"]:
            if variable["type"] == "query":
                yield Asked(f"{name}/{variable['name']}", "variable", variable["query"])
    for rule in rules(language):
        yield Asked(f"rule/{rule.name}", "rule", rule.sql)


def first_chosen(ask: Callable[[str], list[tuple[object, object]]]) -> Mapping[str, object]:
    """Return values of all variables: of each the first that its query tells, with those chosen before it.

    Args:
        ask: Runs a query whose macros are expanded; returns its rows of text and value.
    """
    values: dict[str, object] = {"ahead": 24}
    for variable in all_boards(Outlet("en"))["animal"]["templating"]["list"]:
        rows = ask(expanded(variable["query"], _NO_SPAN, _NO_SPAN, values))
        values[variable["name"]] = rows[0][1]
    return values

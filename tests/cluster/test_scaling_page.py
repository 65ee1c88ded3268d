"""The arithmetic of docs/scaling.md: its second table follows from its first; who measures anew corrects the first."""

import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "scaling.md").read_text("utf-8")
ANIMALS = (1_000, 100_000, 10_000_000)
DAY_S, SLOT_S = 86_400, 900


def measured():
    """The figures of the first table by letter, in messages, seconds or bytes."""
    rows = re.findall(r"^\| (\w) \| .+? \| (.+?) \| `animov ", PAGE, re.MULTILINE)
    units = {"messages": 1, "s": 1, "ms": 1e-3, "kB": 1e3}
    return {
        letter: [
            float(number.replace(",", "")) * units[unit] for number, unit in re.findall(r"(\d[\d.,]*) (\w+)", said)
        ]
        for letter, said in rows
    }


def told(number):
    """Two digits that count."""
    rounded = float(f"{number:.2g}")
    return f"{rounded:,.0f}" if rounded >= 10 else f"{rounded:.8f}".rstrip("0").rstrip(".")


def figures(animals):
    """What so many animals ask for, by the words of the row."""
    m = measured()
    (events,), (batches,), (beside,), (broker,), (bridge,), (worker,) = (m[letter] for letter in "abcdef")
    (by_rows, by_columns), (cycle, cycle_sql), (first,), (forecast,), (api, api_sql) = (m[letter] for letter in "hijkl")
    rate, groups, charts = animals / 10, animals / 20, animals / 36_000
    return {
        "messages a second": rate,
        "kilobytes a second": rate * 0.59,
        "one machine's edge, in place of the next three": rate / batches,
        "Mosquitto": rate / broker,
        "bridge": rate / bridge,
        "workers": rate / (worker * batches / events),
        "PostgreSQL, what the edge or the workers write": rate * beside,
        "Kafka's disk, GB a day and copy": rate * 605 * DAY_S / 1e9,
        "minutes until Mosquitto's queue of a million is full": 1e6 / rate / 60,
        "new rows of evidence and windows a second": animals * 192 / DAY_S,
        "GB of these by rows, the last 21 days": animals * by_rows * 21 / 1e9,
        "GB of these by columns, a month": animals * by_columns * 30 / 1e9,
        "groups": groups,
        "forecast workers": groups / 1000 * cycle / SLOT_S,
        "PostgreSQL, for them": groups / 1000 * cycle_sql / SLOT_S,
        "both, to end the first slot of a day within it": groups / 1000 * first / SLOT_S,
        "GB of forecasts, 90 days by rows": groups * 1.05 * forecast * 96 * 90 / 1e9,
        "charts a second": charts,
        "API": charts * api,
        "PostgreSQL, for charts": charts * api_sql,
    }


@pytest.mark.parametrize("row", figures(1))
def test_a_row_follows_from_what_was_measured(row):
    cells = " | ".join(told(figures(animals)[row]) for animals in ANIMALS)
    assert re.search(rf"^\| {re.escape(row)} \|[\w, ]*\| {re.escape(cells)} \|$", PAGE, re.MULTILINE), cells


def test_there_is_no_other_row():
    table = re.search(r"^\| part \|.+?\n\n", PAGE, re.MULTILINE | re.DOTALL).group()
    assert re.findall(r"^\| (.+?) \|", table, re.MULTILINE)[1:] == list(figures(1))

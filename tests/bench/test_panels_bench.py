"""The bench of the panels, on a herd small enough for a test."""

import pytest

from bench import panels, panels_filling
from bench.panels import SHOWN, run, told
from dashboards.asking import everything


@pytest.fixture(scope="module")
def small():
    """What is found with few animals and days."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(panels, "REPEATS", 1)
        patch.setattr(panels_filling.api_filling, "GROUP_SIZE", 2)
        return run(3, 3, 1, None)


def test_everything_that_is_asked_is_timed_over_its_span_and_over_the_year(small):
    took = {(one["query"], one["span"]) for one in small["took"]}

    assert {query for query, _ in took} == {one.where for one in everything("fr")}
    assert {query for query, span in took if span == "the year"} == {
        one.where for one in everything("fr") if "$__time" in one.sql
    }
    assert len(took) == len(small["took"])
    assert all(one["first"] > 0 and one["median"] >= one["least"] > 0 for one in small["took"])


def test_there_is_something_in_nearly_every_answer(small):
    empty = {one["query"] for one in small["took"] if not one["rows"]}
    assert empty <= {"home/4A", "system/9A"}  # no collar is silent; nobody asked for work


def test_the_slowest_are_told_first_and_those_that_take_too_long_are_counted(small):
    lines = told(small).splitlines()
    assert len(lines) == SHOWN + 4
    assert lines[3].startswith(small["took"][0]["query"])
    assert lines[0].startswith(f"PostgreSQL {small['postgresql']}: 3 animals, 3 days")

    small["took"][0]["median"] = 200.1
    slow = sum(one["median"] > 200 for one in small["took"])
    assert told(small).splitlines()[-1].startswith(f"over 200 ms: {slow} of {len(small['took'])}")

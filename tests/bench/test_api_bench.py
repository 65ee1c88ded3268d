"""The bench of the API, on a herd small enough for a test."""

from datetime import UTC, datetime

import numpy as np
import pytest
from sqlalchemy import text

from bench import api, api_filling
from bench.api import Effort, run
from bench.api_filling import GROUP_SIZE, Herd, fill
from bench.api_report import told

END = datetime(2026, 7, 1, 9, 45, tzinfo=UTC)


@pytest.fixture(scope="module")
def small():
    """What is found with few animals and days."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(api_filling, "GROUP_SIZE", 2)
        patch.setattr(api, "GROUP_SIZE", 2)
        patch.setattr(api.api_starting, "TURNS", 1)
        return run(3, 2, 1, Effort(requests=2, seconds=0.2, listeners=3))


def test_everything_is_measured_beside_what_it_is_held_to(small):
    empty, *asked = small["calls"]

    assert (empty["bytes"], empty["bare"]) == (2, None)
    assert len(asked) == 10
    assert all(one["p99_ms"] >= one["p50_ms"] > 0 and one["bytes"] > 2 and one["queries"] > 0 for one in asked)
    assert [one["views_per_s"] for one in small["views"]] == [50, 100]
    assert all(one["view"]["p99_ms"] >= one["view"]["p50_ms"] > 0 for one in small["views"])
    assert min(small["live"]["bytes"], small["live"]["before_bytes"]) > 0
    assert small["start"].keys() == {"start_s", "import_s", "described_s"}
    assert all(seconds > 0 for seconds in small["start"].values())


def test_exports_have_the_rows_of_copy(small):
    assert [one["animals"] for one in small["exports"]] == [1, 2, 3]
    assert all(one["api"]["rows"] == one["copy"]["rows"] > 0 for one in small["exports"])
    assert small["exports"][2]["api"]["rows"] == small["windows"]


def test_each_aim_is_told_to_be_met_or_missed(small):
    written = told(small)
    judged = [line for line in written.splitlines() if line.startswith(("met: ", "missed: "))]

    assert len(judged) == 4
    assert f"{small['windows']:,} windows" in written
    small["start"]["start_s"], small["exports"][1]["of_copy"] = 9.9, 0.49
    assert [line.partition(":")[0] for line in told(small).splitlines()[-4:]][1::2] == ["missed", "missed"]


def test_a_herd_is_filled_with_what_a_year_leaves(engine):
    herd = Herd(animals=GROUP_SIZE + 1, days=2, seed=1, end=END)
    filled = fill(engine, herd)

    assert (len(filled.groups), len(filled.animals)) == (2, GROUP_SIZE + 1)
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                """SELECT bucket, known_s, standing_s, bit_count(standing) AS stood, bit_count(lying) AS lay,
                  bit_count(standing & lying) AS both FROM posture_window"""
            )
        ).all()
        members = connection.execute(text("SELECT count(*) FROM membership GROUP BY group_id ORDER BY 1")).scalars()
        assert list(members) == [1, GROUP_SIZE]
    assert len(rows) == filled.windows == pytest.approx(0.98 * 192 * (GROUP_SIZE + 1), rel=0.02)
    assert {(row.stood, row.lay, row.both) == (row.standing_s, 900 - row.standing_s, 0) for row in rows} == {True}
    assert max(row.bucket for row in rows) < END <= max(row.bucket for row in rows) + 4 * (END - END.replace(minute=30))


def test_the_same_seed_fills_the_same_windows():
    one, same, other = (
        api_filling.windows_of_day(np.random.default_rng(seed), np.arange(1, 9), END) for seed in (1, 1, 2)
    )

    assert all(np.array_equal(one[name][1], same[name][1]) for name in one)
    assert not np.array_equal(one["standing_s"][1][:90], other["standing_s"][1][:90])

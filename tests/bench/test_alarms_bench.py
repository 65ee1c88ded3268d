"""The bench of alarms: what illness does to a posture, and figures by hand."""

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from animov.commands.whole import app
from bench.alarms_herds import simulated
from bench.alarms_judging import Case, case_of, delays, healthy_scores, level_for, rate
from bench.alarms_long import Long, added, long_postures
from bench.alarms_signs import (
    IMMOBILE_S,
    LESS,
    SIGNS,
    Stretch,
    fragmented,
    immobile,
    less_standing,
    moved,
    together,
    within,
)

DAY_S = 86_400
lengths = st.lists(st.sampled_from([300, 420, 900, 1800, 7200, 20_000]), min_size=8, max_size=40)
seeds = st.integers(0, 1000)


@st.composite
def told(draw):
    """A goat that stands and lies in turn for one to three days from an odd second on."""
    edges = 1_000_007 + np.concatenate([[0], np.cumsum(np.resize(draw(lengths), 900))])
    rows = [Stretch(int(start), int(end), place % 2 == 0) for place, (start, end) in enumerate(pairwise(edges))]
    return within(rows, rows[0].start, rows[0].start + draw(st.sampled_from([1, 2, 3])) * DAY_S)


def standing_s(rows):
    return sum(one.end - one.start for one in rows if one.stands)


@pytest.mark.parametrize("change", [*SIGNS.values(), moved])
@given(rows=told(), seed=seeds)
def test_what_is_left_is_the_same_time_without_gaps_in_postures_that_take_turns(change, rows, seed):
    ill = change(rows, np.random.default_rng(seed))

    assert (ill[0].start, ill[-1].end) == (rows[0].start, rows[-1].end)
    assert all(one.end == after.start and one.start < one.end for one, after in pairwise(ill))
    assert all(one.stands != after.stands for one, after in pairwise(ill))


@given(rows=told(), seed=seeds)
def test_each_sign_is_what_it_says(rows, seed):
    rng = np.random.default_rng(seed)

    assert standing_s(less_standing(rows, rng)) == pytest.approx((1 - LESS) * standing_s(rows), abs=len(rows))
    assert standing_s(fragmented(rows, rng)) >= standing_s(rows)
    assert len(fragmented(rows, rng)) >= len(rows)
    for ill in (immobile(rows, rng), together(rows, rng)):
        for start in range(rows[0].start, rows[-1].end, DAY_S):
            day = within(ill, start, start + DAY_S)
            assert max(one.end - one.start for one in day if not one.stands) >= IMMOBILE_S
    for start in range(rows[0].start, rows[-1].end, DAY_S):
        day = within(rows, start, start + DAY_S)
        assert standing_s(together(day, rng)) <= (1 - LESS) * standing_s(day) + len(rows) * 3


def test_a_delay_goes_from_the_onset_to_the_first_look_that_reaches_the_level():
    after = np.array([-1.0, 0.0, 0.5, 1.5, 2.5])
    cases = [
        Case("any", "quiet", after, {"signs": np.array(scores)})
        for scores in ([9.0, 9.0, 1.0, 3.0, 9.0], [9.0, 9.0, 1.0, 1.0, 1.0], [0.0, 0.0, 4.0, 0.0, 0.0])
    ]

    assert delays(cases, "signs", 3.0).tolist() == [1.5, np.inf, 0.5]


def test_a_level_is_the_lowest_with_no_more_false_alarms_than_allowed():
    healthy = [np.random.default_rng(1).normal(size=(20, 24 * 28))]

    for allowed in (0.0, 10.0, 100.0):
        level = level_for(healthy, allowed)

        assert rate(healthy, level) <= allowed
        assert level == pytest.approx(level_for(healthy, allowed))


@pytest.fixture(scope="module")
def herd():
    return simulated(71, 5)


@pytest.fixture(scope="module")
def ill(herd):
    """Every second goat of a herd, immobile for hours from the fortieth day on, around which nothing else happens."""
    onset = herd.days[40].start + 7 * 3600
    return [case_of(herd, "immobility", animal, onset, np.random.default_rng(animal)) for animal in range(0, 15, 2)]


def found_at(cases, name, level, hours=48):
    return float((delays(cases, name, level) <= hours).mean())


def test_immobile_goats_of_a_small_herd_are_found_at_a_level_that_its_healthy_days_hardly_reach(herd, ill):
    healthy = healthy_scores(herd)
    levels = {name: level_for([healthy[name]], 10) for name in ("signs", "fixed", "cusum")}

    found = {name: found_at(ill, name, level) for name, level in levels.items()}

    assert found["signs"] >= 0.6
    assert found["signs"] > max(found["fixed"], found["cusum"])


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(lambda score: -score, id="wrong sign"),
        pytest.param(lambda score: np.roll(score, 31, axis=-1), id="late"),
        pytest.param(np.zeros_like, id="nothing"),
    ],
)
def test_a_broken_score_finds_less(herd, ill, broken):
    healthy = healthy_scores(herd)["signs"]
    worse = [one._replace(scores={"signs": broken(one.scores["signs"])}) for one in ill]

    kept = found_at(ill, "signs", level_for([healthy], 10), hours=30)

    assert found_at(worse, "signs", level_for([broken(healthy)], 10), hours=30) < kept


def test_goats_that_lie_on_are_counted_as_such(herd):
    usual = long_postures(herd)
    day = herd.days[60].start
    lying = [[*within(one, one[0].start, day), Stretch(day, day + 13 * 3600, False),
              *within(one, day + 13 * 3600, one[-1].end)] for one in herd.told]  # fmt: skip

    found = long_postures(replace(herd, told=lying))

    assert usual.motionless == 0
    assert (found.lying_long, found.motionless) == (usual.lying_long + 15, 15)
    assert added([Long(50.0, 1, 0, 4.0, 6.0)] * 2) == {
        "animal_weeks": 100,
        "lying_long": 2.0,
        "motionless": 0.0,
        "longest_lying_h": 4.0,
        "longest_standing_h": 6.0,
    }


def test_the_bench_tells_what_it_measured():
    ran = CliRunner().invoke(app, ["bench", "alarms", "--seeds", "51-51", "--tuning", "52", "--animals", "2", "--json"])

    assert ran.exit_code == 0, ran.output
    found = json.loads(ran.stdout)
    assert (found["seeds"], found["tuned_on"], found["animals"]) == ([51], [52], 6)
    assert {row["score"] for row in found["judged"]} == {"signs", "fixed", "cusum"}
    assert found["long_postures"]["longest_lying_h"] > 0
    for row in found["judged"]:
        assert set(row["signs"]) == set(SIGNS)
        for one in row["signs"].values():
            shares = list(one["within"].values())
            assert one["cases"] == 6
            assert shares == sorted(shares)


def test_a_herd_is_not_judged_by_levels_that_were_set_on_it():
    ran = CliRunner().invoke(app, ["bench", "alarms", "--seeds", "4-6", "--tuning", "1-4"])

    assert ran.exit_code == 2
    assert "not to be reported" in ran.output

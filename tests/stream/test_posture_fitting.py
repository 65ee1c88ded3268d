"""A model fitted to observed animals finds what they showed, and is judged on animals and days it never saw."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.calibrating import fitting
from stream.calibrating.fitting import Fitted, Session, fit, kept
from stream.calibrating.judging import Scores, added, scores_of
from stream.posture.features import Features
from stream.posture.labelled import classify
from stream.posture.refused import Refused
from stream.posture.seat import Seat

UPRIGHT = Seat((0.0, 1.0, 0.0), 0.0)


def session(animal, day, *, count=60, seed=0, turned=False):
    """Half lying, half standing: necks 15 degrees apart, and movement; `turned` exchanges them."""
    rng = np.random.default_rng(seed)
    standing = np.arange(count) >= count // 2
    pitch = np.radians(np.where(standing != turned, 8, 23) + rng.normal(0, 4, count))
    vedba = np.exp(np.where(standing != turned, -2.8, -4.0) + rng.normal(0, 0.3, count))
    gravity = np.stack([np.sin(pitch), np.cos(pitch), np.zeros(count)], axis=1)
    ones = np.ones((count, 3))
    zeros = np.zeros(count, dtype=np.int64)
    return Session(
        animal,
        day,
        Features(
            np.arange(count), zeros, zeros + 100, gravity, ones * vedba[:, None] / 2, vedba, 2 * vedba, 10 * vedba
        ),
        UPRIGHT,
        standing,
    )


HERD = [session(animal, day, seed=3 * n + d) for n, animal in enumerate("abc") for d, day in enumerate(["mon", "tue"])]


def test_what_animals_showed_is_found_on_those_left_out_and_kept_as_json():
    found = fit(HERD)

    assert isinstance(found, Fitted)
    for scores in (found.by_animal, found.by_day):
        assert sum(scores) == 6 * 60
        assert scores.balanced_accuracy > 0.97
        assert scores.unknown < 0.1
    parameters = json.loads(json.dumps({"anchor": UPRIGHT.anchor, "model": kept(found.model)}))
    fresh = session("d", "wed", seed=99)
    assert scores_of(fresh.standing, classify(fresh.features, parameters).posture).balanced_accuracy > 0.97


def test_an_animal_is_judged_by_the_others_alone():
    """One animal that does the contrary is told wrongly: had it been in its own fit, it would be told better."""
    contrary = [session("d", "mon", seed=50, turned=True)]
    judged = fit(HERD + contrary).by_animal

    assert judged.stood_lying + judged.lay_standing >= 50


def test_no_session_is_ever_judged_by_a_model_that_saw_its_group(monkeypatch):
    seen = []
    fitted, judged = fitting._fitted, fitting._judged
    monkeypatch.setattr(fitting, "_fitted", lambda some: seen.append({(s.animal, s.day) for s in some}) or fitted(some))

    def judge(model, one):
        seen.append((one.animal, one.day))
        return judged(model, one)

    monkeypatch.setattr(fitting, "_judged", judge)
    fit(HERD)
    folds, asked = iter([one for one in seen if isinstance(one, set)]), 0
    assert next(folds) == {(one.animal, one.day) for one in HERD}
    current = set()
    for one in seen[1:]:
        current = one if isinstance(one, set) else current
        if isinstance(one, tuple):
            asked += 1
            assert one not in current
            assert {a for a, _ in current}.isdisjoint({one[0]}) or {d for _, d in current}.isdisjoint({one[1]})
    assert asked == 2 * len(HERD)


@pytest.mark.parametrize(
    "sessions",
    [
        pytest.param([], id="nothing"),
        pytest.param([session("a", "mon", count=58)], id="29 of each posture"),
        pytest.param([HERD[0]._replace(standing=np.ones(60, dtype=bool))], id="one posture"),
    ],
)
def test_too_few_labels_are_refused(sessions):
    assert fit(sessions).code == "few_labels"


def test_one_animal_on_one_day_gives_a_model_that_nobody_can_judge():
    found = fit(HERD[:1])

    assert isinstance(found.by_animal, Refused)
    assert isinstance(found.by_day, Refused)


@given(
    rows=st.lists(st.tuples(st.booleans(), st.sampled_from([1, 0, -1])), max_size=12),
    more=st.lists(st.tuples(st.booleans(), st.sampled_from([1, 0, -1])), max_size=5),
)
def test_scores_count_every_stretch_once(rows, more):
    def counted(some):
        return scores_of(np.array([s for s, _ in some], dtype=bool), np.array([p for _, p in some], dtype=np.int8))

    found = counted(rows)
    assert found == Scores(*(rows.count((stood, said)) for stood in (True, False) for said in (1, 0, -1)))
    assert added(found, counted(more)) == counted(rows + more)


def test_scores_are_told_as_in_the_textbook():
    scores = Scores(80, 20, 10, 30, 60, 0)

    assert scores.balanced_accuracy == pytest.approx((0.8 + 2 / 3) / 2)
    assert scores.precision_standing == pytest.approx(80 / 110)
    assert scores.precision_lying == pytest.approx(60 / 80)
    assert scores.unknown == pytest.approx(10 / 200)

"""`models regressors` as people and scripts meet it, on a real database."""

import json
from datetime import UTC, datetime

import numpy as np
import pytest
from sqlalchemy import text

from core.clock import NodeClock
from forecast.choosing import select_regressors
from forecast.rolling.hindsight import slots_between
from forecast.specification import DAY, Specification
from storage.engine import clocks
from storage.engine.database import engine_for
from storage.herds import herd
from storage.measurements import series
from storage.modelling import selections
from storage.modelling.selections import Reselection

NOW = datetime(2026, 6, 20, 12, tzinfo=UTC)
KNOWN = 11

_MEASURE = text("""
INSERT INTO stored_window (animal_id, bucket, received_s, known_s, standing_s, standing_ratio, standing, known)
SELECT :animal, m.bucket, 900, 900, m.standing, m.standing / 900.0, nothing, nothing
FROM unnest(CAST(:buckets AS timestamptz[]), CAST(:standing AS int[])) AS m (bucket, standing)
CROSS JOIN (SELECT repeat('0', 900)::bit(900) AS nothing) n
""")


@pytest.fixture
def animov(node, monkeypatch):
    """Run `animov` where a search looks at few origins, and MLflow is not asked."""
    monkeypatch.setenv("ANIMOV_HISTORY_DAYS", "4")
    monkeypatch.setattr(select_regressors, "DAYS", 6)
    monkeypatch.setattr(select_regressors, "EVERY", 131)
    monkeypatch.setattr(select_regressors, "TESTED", 1)
    monkeypatch.setattr("animov.model_life.tell_mlflow", lambda *_: "away")
    return node


@pytest.fixture
def group(database_url):
    """The series of a group of a goat that stands while it is milked, which no harmonic of the day tells so sharply."""
    engine = engine_for(database_url)
    slots = slots_between(NOW - KNOWN * DAY, NOW)
    milked = np.array([slot.hour == 15 for slot in slots])  # 17 h in Paris
    standing = np.clip(0.3 + 0.5 * milked + np.random.default_rng(1).normal(0, 0.05, len(slots)), 0, 1)
    with engine.begin() as connection:
        clocks.write(connection, NodeClock(ceiling=NOW.timestamp()))
        farm_id = herd.ensure_farm(connection, "barn")
        events = json.dumps([{"name": "milking", "at": "17:00", "minutes": 60}])
        connection.execute(text("UPDATE farm SET events = CAST(:events AS jsonb)"), {"events": events})
        animal = herd.ensure_animal(connection, farm_id, "Brune")
        herd.move(connection, animal, herd.ensure_group(connection, farm_id, "dairy"))
        herd.assign(connection, herd._ensure(connection, "collar", farm_id, "tag"), animal)
        told = {"animal": animal, "buckets": slots, "standing": (900 * standing).astype(int).tolist()}
        connection.execute(_MEASURE, told)
        made = series.ensure_series(connection, farm_id)[-1]
    engine.dispose()
    return made


def test_what_was_searched_is_shown_and_can_be_searched_now(animov, group):
    before = animov("models", "regressors", "barn")
    assert (before.code, before.out) == (0, "regressors were not searched yet; --now does it\n")

    searched = animov("models", "regressors", "barn", "--now")
    assert searched.code == 0, searched.err
    assert searched.err.startswith("about ")
    assert animov("models", "regressors", "barn").out == searched.out
    shown = json.loads(animov("models", "regressors", "barn", "--json").out)
    (selection,) = shown["selections"]
    assert (selection["why"], selection["series_id"], shown["reselections"]) == ("routine", None, [])
    assert selection["specification"]["regressors"] == selection["comparisons"]["kept"] == ["milking"]
    (one,) = selection["comparisons"]["tried"]
    row = next(line for line in searched.out.splitlines() if line.startswith("  milking"))
    figures = [one[name] for name in ("rmse_with", "rmse_without")]
    assert row.split()[1:3] == [f"{figure:.4f}" for figure in figures]
    assert row.endswith("yes")


def test_a_reselection_is_told_with_what_was_seen_tried_and_decided(animov, group, database_url):
    engine = engine_for(database_url)
    seen = {"rmse": 0.2, "baseline": "mean_14d", "baseline_rmse": 0.1, "skill": -1.0, "threshold": -0.05}
    tried = {"challengers": 6, "best": str(Specification(history=7 * DAY)), "p_value": 0.2}
    with engine.begin() as connection:
        made = Reselection(group.id, NOW, NOW, seen, tried, "kept", None, None)
        selections.record(connection, group.farm_id, made)
    engine.dispose()

    told = animov("models", "regressors", "barn").out
    assert "barn/dairy had lost its skill: the champion stays" in told
    assert "RMSE 0.2000 in 7 days, 0.1000 of mean_14d" in told
    assert "6 challengers" in told
    (plain,) = json.loads(animov("models", "regressors", "barn", "--json").out)["reselections"]
    assert (plain["series_id"], plain["decision"], plain["tried"]) == (group.id, "kept", tried)


def test_too_short_a_history_and_a_farm_that_is_not_there_are_refused_in_a_line(animov, group, monkeypatch):
    monkeypatch.setenv("ANIMOV_HISTORY_DAYS", "9")
    short, nowhere = animov("models", "regressors", "barn", "--now"), animov("models", "regressors", "nowhere")

    told = "animov: no group of 'barn' has been measured for 16 days, which a selection looks at\n"
    assert (short.code, short.out, short.err) == (1, "", told)
    assert (nowhere.code, "there is no farm" in nowhere.err) == (1, True)

"""A farm's regressors are searched every four weeks, and models change only where they win on days held out from it."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from scipy.signal import lfilter
from sqlalchemy import text

from core.clock import NodeClock
from core.timeline import BUCKET
from forecast.choosing import candidates
from forecast.choosing import select_regressors as routine
from forecast.choosing.select_regressors import SELECT, TooShortError, ask_where_due, is_due, select_for_farm
from forecast.rolling.hindsight import slots_between
from forecast.specification import DAY, Specification
from storage.engine import clocks
from storage.engine.database import plain_url, scoped_to
from storage.engine.queue import opened
from storage.forecasting import weather
from storage.forecasting.weather import HOUR, Hourly
from storage.herds import herd
from storage.measurements import series
from storage.modelling import aliases, models, selections
from storage.modelling.models import Subject

NOW = datetime(2026, 6, 20, 12, tzinfo=UTC)
HISTORY = 4
DAYS = 8
"""That a search looks at, in place of four weeks."""

TESTED = 6
"""That its winner is tested on, in place of two weeks."""

KNOWN = HISTORY + DAYS + TESTED + 1
SPAN = HISTORY * DAY
QUICK = {"order": (0, 0, 0), "harmonics": 1, "regressors": ("solar_elevation",)}
CANDIDATES = {"milking", "solar_elevation", "thi", "thi_load"}
START = NOW - KNOWN * DAY
DEGREES = np.random.default_rng(7).uniform(10, 30, 24 * (KNOWN + 5))

_MEASURE = text("""
INSERT INTO stored_window (animal_id, bucket, received_s, known_s, standing_s, standing_ratio, standing, known)
SELECT :animal, m.bucket, 900, 900, m.standing, m.standing / 900.0, nothing, nothing
FROM unnest(CAST(:buckets AS timestamptz[]), CAST(:standing AS int[])) AS m (bucket, standing)
CROSS JOIN (SELECT repeat('0', 900)::bit(900) AS nothing) n
""")


@pytest.fixture
def few_days(monkeypatch):
    """A search over few origins, few candidates, and a default model that is quickly fitted and knows no weather."""
    monkeypatch.setattr(routine, "DAYS", DAYS)
    monkeypatch.setattr(routine, "TESTED", TESTED)
    monkeypatch.setattr(routine, "EVERY", 107)
    monkeypatch.setattr(candidates, "LEAST_ORIGINS", 3)
    default, known = routine.specification_for, routine.known_at
    monkeypatch.setattr(routine, "specification_for", lambda *told: replace(default(*told), **QUICK))
    monkeypatch.setattr(routine, "known_at", lambda *told, **named: _few(known(*told, **named)))


def _few(known):
    return replace(known, regressors=tuple(name for name in known.regressors if name in CANDIDATES))


def _goat(connection, farm_id, name, seed):
    """A goat alone in its group, which lies down when it is warm and cares for nothing else."""
    animal = herd.ensure_animal(connection, farm_id, name)
    herd.move(connection, animal, herd.ensure_group(connection, farm_id, f"with {name}"))
    herd.assign(connection, herd._ensure(connection, "collar", farm_id, name), animal)
    count = KNOWN * 96
    mood = lfilter([1], [1, -0.7], np.random.default_rng(seed).normal(0, 0.05, count))
    heat = np.interp((np.arange(count) + 0.5) / 4, np.arange(len(DEGREES)), DEGREES)
    standing = (900 * np.clip(0.9 - 0.02 * heat + mood, 0, 1)).astype(int).tolist()
    connection.execute(
        _MEASURE, {"animal": animal, "buckets": slots_between(START, START + count * BUCKET), "standing": standing}
    )


@pytest.fixture
def farm(engine):
    """Two goats, a farm with a place, a milking that no goat heeds, and perfect forecasts of the weather."""
    with engine.begin() as connection:
        clocks.write(connection, NodeClock(ceiling=NOW.timestamp()))
        farm_id = herd.ensure_farm(connection, "barn", latitude=46.6, longitude=0.3)
        milking = json.dumps([{"name": "milking", "at": "17:00", "minutes": 60}])
        connection.execute(text("UPDATE farm SET events = CAST(:events AS jsonb)"), {"events": milking})
        for seed, name in enumerate(("Brune", "Grise")):
            _goat(connection, farm_id, name, seed)
        for day in range(KNOWN + 1):
            first = START + day * DAY
            known = DEGREES[24 * day : 24 * day + 80].tolist()
            weather.store(connection, farm_id, first, Hourly(first, known, *([50.0] * len(known) for _ in range(4))))
        series.ensure_series(connection, farm_id)
    return farm_id


def _written(engine, farm_id):
    """All that a selection writes."""
    with scoped_to(engine, [farm_id]) as connection:
        tables = ("regressor_selection", "model", "model_alias", "model_change", "tracking")
        return {table: connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in tables}


def _series(engine, farm_id):
    with scoped_to(engine, [farm_id]) as connection:
        return [one.id for one in series.series_of(connection, farm_id)]


def _crown(engine, farm_id, series_id, specification):
    subject = Subject(farm_id, series_id)
    told = {"specification": specification.to_json(), "digest": specification.digest, "parameters": {}}
    with engine.begin() as connection:
        model = models.ensure_model(connection, subject, **told, training_id=None, now=NOW)
        aliases.point(connection, subject, "champion", model, why="order", at=NOW)


def _champions(engine, farm_id):
    with scoped_to(engine, [farm_id]) as connection:
        found = models.champions(connection, farm_id)
    return {series_id: Specification.from_json(told) for series_id, told in found.items()}


def test_what_is_found_is_kept_and_each_model_gets_the_regressors_that_win(engine, farm, few_days):
    of_herd, first, second = _series(engine, farm)
    own = Specification(order=(0, 0, 0), harmonics=2, regressors=("solar_elevation", "gone"), history=SPAN)
    _crown(engine, farm, second, own)
    expected, reported = [], []
    made = select_for_farm(
        engine, farm, NOW, span=SPAN, expect=expected.append, progress=lambda *told: reported.append(told)
    )

    kept = tuple(made.comparisons["kept"])
    assert "thi" in kept
    assert "milking" not in kept
    default = Specification(**QUICK | {"regressors": kept}, history=SPAN)
    assert _champions(engine, farm) == {
        of_herd: default,
        first: default,
        second: replace(own, regressors=(*kept, "gone")),
    }
    assert Specification.from_json(made.specification) == default
    tried = {one["regressor"]: one for one in made.comparisons["tried"]}
    assert tried.keys() == CANDIDATES
    assert tried["thi"]["rmse_with"] < tried["thi"]["rmse_without"]
    with scoped_to(engine, [farm]) as connection:
        assert selections.latest_selection(connection, farm, first) == made
        changes = [aliases.changes_of(connection, Subject(farm, one))[-1] for one in (of_herd, first, second)]
    assert [change.why for change in changes] == ["reselection"] * 3
    for change in changes:
        assert change.evidence["selection"] == made.id
        assert change.evidence["p_value"] < change.evidence["level"]
        assert change.evidence["first_origin"] >= (NOW - TESTED * DAY).isoformat()
    assert [one["decision"] for one in made.comparisons["changes"]] == ["promoted"] * 3
    assert datetime.fromisoformat(made.comparisons["last_origin"]) + DAY <= NOW - TESTED * DAY
    assert expected[0] > 0
    assert reported[-1][0] == made.comparisons["models"] <= reported[-1][1]


def test_who_errs_less_by_what_may_be_chance_does_not_reign(engine, farm, few_days):
    """What the search would leave out stays while nothing tells that the model is better without it."""
    of_herd, first, second = _series(engine, farm)
    found = tuple(select_for_farm(engine, farm, NOW, span=SPAN).comparisons["kept"])
    own = Specification(**QUICK | {"regressors": (*found, "milking")}, history=SPAN)
    _crown(engine, farm, second, own)
    again = select_for_farm(engine, farm, NOW, span=SPAN, at_once=True)

    told = {one["series"]: one for one in again.comparisons["changes"]}
    assert [(one, told[one]["decision"]) for one in told] == [(second, "kept")]
    assert told[second]["p_value"] > told[second]["level"]
    assert _champions(engine, farm)[second] == own
    assert _champions(engine, farm)[first] == _champions(engine, farm)[of_herd] != own


def test_done_again_it_has_no_further_effect(engine, farm, few_days):
    assert select_for_farm(engine, farm, NOW, span=SPAN) is not None
    once = _written(engine, farm)

    assert select_for_farm(engine, farm, NOW, span=SPAN) is None
    assert _written(engine, farm) == once
    again = select_for_farm(engine, farm, NOW, span=SPAN, at_once=True)
    assert again.comparisons["changes"] == []
    assert _written(engine, farm) == once | {"regressor_selection": 2}


def test_a_job_that_dies_while_it_writes_leaves_nothing_and_is_done_whole_the_next_time(
    engine, farm, few_days, monkeypatch
):
    point, calls = aliases.point, []

    def dies(*arguments, **named):
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        point(*arguments, **named)

    before = _written(engine, farm)
    with monkeypatch.context() as patched:
        patched.setattr(aliases, "point", dies)
        with pytest.raises(KeyboardInterrupt):
            select_for_farm(engine, farm, NOW, span=SPAN)
    assert len(calls) == 2
    assert _written(engine, farm) == before == dict.fromkeys(before, 0)

    assert select_for_farm(engine, farm, NOW, span=SPAN) is not None
    assert _written(engine, farm) == {
        "regressor_selection": 1,
        "model": 3,
        "model_alias": 3,
        "model_change": 3,
        "tracking": 3,
    }


def _meanwhile(monkeypatch, happens):
    """Let something happen between the search and what is written, once."""
    searched, left = routine._searched, [happens]

    def crossed(*arguments):
        found = searched(*arguments)
        if left:
            left.pop()()
        return found

    monkeypatch.setattr(routine, "_searched", crossed)


def test_who_comes_second_writes_nothing(engine, farm, few_days, monkeypatch):
    firsts = []
    _meanwhile(monkeypatch, lambda: firsts.append(select_for_farm(engine, farm, NOW, span=SPAN)))

    assert select_for_farm(engine, farm, NOW, span=SPAN) is None
    assert firsts[0] is not None
    assert _written(engine, farm)["model_change"] == 3


def test_who_became_champion_meanwhile_stays(engine, farm, few_days, monkeypatch):
    of_herd, first, second = _series(engine, farm)
    ordered = Specification(order=(1, 0, 0), history=SPAN)
    _meanwhile(monkeypatch, lambda: _crown(engine, farm, first, ordered))
    made = select_for_farm(engine, farm, NOW, span=SPAN)

    decided = {one["series"]: one["decision"] for one in made.comparisons["changes"]}
    assert decided == {of_herd: "promoted", first: "kept", second: "promoted"}
    assert _champions(engine, farm)[first] == ordered


def _asked(engine, farm_id, at=NOW, days=HISTORY):
    async def ask():
        async with opened(plain_url(engine)) as queue:
            return await ask_where_due(queue, engine, farm_id, at, history_days=days)

    found = asyncio.run(ask())
    with engine.connect() as connection:
        query = text("SELECT args, queue_name FROM procrastinate_jobs WHERE task_name = :name")
        return found, [tuple(job) for job in connection.execute(query, {"name": SELECT})]


def test_it_is_asked_for_once_where_there_are_days_enough_and_none_lately(engine, farm, few_days):
    job = ({"farm_id": farm, "at": NOW.isoformat()}, "training")
    assert _asked(engine, farm, days=HISTORY + 2) == (False, [])
    assert _asked(engine, farm) == (True, [job])
    assert _asked(engine, farm, NOW + HOUR) == (False, [job])

    with engine.begin() as connection:
        told = {"specification": "{}", "comparisons": {}}
        selections.keep_selection(connection, farm, None, at=NOW - 28 * DAY, why="routine", **told)
        selections.keep_selection(connection, farm, None, at=NOW, why="reselection", **told)
    assert is_due(engine, farm, NOW, SPAN)
    with engine.begin() as connection:
        selections.keep_selection(connection, farm, None, at=NOW - 28 * DAY + BUCKET, why="routine", **told)
    assert not is_due(engine, farm, NOW, SPAN)


def test_a_short_history_is_told_where_it_was_to_be_done_at_once(engine, farm, few_days):
    with pytest.raises(TooShortError, match="no group of 'barn' has been measured for 20 days"):
        select_for_farm(engine, farm, NOW, span=6 * DAY, at_once=True)
    with engine.begin() as connection:
        bare = herd.ensure_farm(connection, "bare")
    assert not is_due(engine, bare, NOW, SPAN)

"""Cycles on a real database: each slot once, honest scores, the same again after any fault."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import event, text

from core.timeline import BUCKET
from forecast.rolling.cycle import run_cycle
from forecast.rolling.hindsight import issue_in_hindsight, slots_between
from storage.engine.database import scoped_to
from storage.forecasting import forecasts, scores
from storage.herds import herd
from storage.measurements import changes, series

SLOT = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
HISTORY = timedelta(days=5)


def standing_at(slot):
    """A rhythm with a little of everything: share of time standing, in seconds of 900."""
    hour = (slot - SLOT) / timedelta(hours=1)
    return int(900 * (0.5 + 0.3 * np.sin(hour * np.pi / 12) + 0.15 * np.sin(hour * 7.3)))


def measure(engine, start, end, *, standing=standing_at):
    """Write windows as a flush would: the ratio, and the marker of the change."""
    with engine.begin() as connection:
        for slot in slots_between(start, end):
            values = {"bucket": slot, "standing": standing(slot), "ratio": standing(slot) / 900}
            connection.execute(
                text(
                    """INSERT INTO stored_window
                      (animal_id, bucket, received_s, known_s, standing_s, standing_ratio, standing, known)
                    SELECT id, :bucket, 900, 900, :standing, :ratio, nothing, nothing
                    FROM animal CROSS JOIN (SELECT repeat('0', 900)::bit(900) AS nothing) n
                    ON CONFLICT (animal_id, bucket) DO UPDATE SET standing_s = excluded.standing_s"""
                ),
                values,
            )
            connection.execute(
                text(
                    """INSERT INTO changed_bucket SELECT id, :bucket FROM farm
                    ON CONFLICT (farm_id, bucket) DO UPDATE SET version = changed_bucket.version + 1"""
                ),
                {"bucket": slot},
            )


@pytest.fixture
def farm(engine):
    """A farm of one group of one goat, measured for five days."""
    with engine.begin() as connection:
        farm_id = herd.ensure_farm(connection, "barn", latitude=46.6, longitude=0.3)
        animal = herd.ensure_animal(connection, farm_id, "Brune")
        collar = herd._ensure(connection, "collar", farm_id, "tag")
        herd.move(connection, animal, herd.ensure_group(connection, farm_id, "dairy"))
        herd.assign(connection, collar, animal)
    measure(engine, SLOT - HISTORY, SLOT)
    return farm_id


def everything(engine):
    with engine.connect() as connection:
        issued = connection.execute(text("SELECT * FROM forecast ORDER BY series_id, issued_at")).all()
        scored = connection.execute(text("SELECT * FROM score ORDER BY series_id, target, band, model")).all()
    return issued, scored


def cycle(engine, farm, slot=SLOT):
    return run_cycle(engine, farm, slot, history_days=5)


def test_a_slot_has_one_effect_however_often_it_is_done(engine, farm):
    first = cycle(engine, farm)
    before = everything(engine)
    again = cycle(engine, farm)

    assert (first, again) == (2, 0)
    assert everything(engine) == before


def test_nothing_from_after_the_slot_is_read(engine, farm):
    cycle(engine, farm)
    expected = [tuple(row)[:8] for row in everything(engine)[0]]
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE forecast, forecast_cycle, forecast_block"))
    measure(engine, SLOT, SLOT + timedelta(days=2), standing=lambda _: 899)
    cycle(engine, farm)

    assert [tuple(row)[:8] for row in everything(engine)[0]] == expected


def test_what_came_true_is_scored_by_hand_computed_sums(engine, farm):
    cycle(engine, farm)
    measure(engine, SLOT, SLOT + 5 * BUCKET)
    cycle(engine, farm, SLOT + 5 * BUCKET)

    with scoped_to(engine, [farm]) as connection:
        group = series.series_of(connection, farm)[1]
        issued = forecasts.latest(connection, group.id, until=SLOT)
        found = {(one.band, one.model): one for one in scores.summary(connection, group.id, SLOT, SLOT + 5 * BUCKET)}
    truth = np.array([standing_at(SLOT + step * BUCKET) / 900 for step in range(5)])
    for model, made in (("model", issued.mean), ("persistence", issued.persistence), ("mean_14d", issued.mean_profile)):
        errors = np.array(made[:5]) - truth
        assert found["1-4", model].rmse == pytest.approx(np.sqrt((errors[:4] ** 2).mean()), rel=1e-5)
        assert found["5-24", model].bias == pytest.approx(errors[4], rel=1e-5)
    inside = (np.array(issued.lower80[:4]) <= truth[:4]) & (truth[:4] <= np.array(issued.upper80[:4]))
    assert found["1-4", "model"].coverage80 == inside.mean()
    assert found["1-4", "model"].n == 4


def test_late_data_score_again_and_rewrite_no_forecast(engine, farm):
    cycle(engine, farm)
    measure(engine, SLOT, SLOT + 4 * BUCKET)
    cycle(engine, farm, SLOT + 4 * BUCKET)
    issued, scored = everything(engine)
    measure(engine, SLOT + BUCKET, SLOT + 2 * BUCKET, standing=lambda _: 0)
    cycle(engine, farm, SLOT + 4 * BUCKET)

    again, rescored = everything(engine)
    changed = {new.target for old, new in zip(scored, rescored, strict=True) if old != new}
    assert again == issued
    assert changed == {SLOT + BUCKET}


def test_a_cycle_that_dies_between_its_transactions_is_done_again_with_the_same_rows(engine, farm):
    measure(engine, SLOT, SLOT + 4 * BUCKET)
    cycle(engine, farm)
    cycle(engine, farm, SLOT + 4 * BUCKET)
    expected = everything(engine)
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE forecast, forecast_cycle, forecast_block, score"))
    measure(engine, SLOT - HISTORY, SLOT + 4 * BUCKET)
    commits = iter(range(1, 100))

    def die(_connection):
        if next(commits) in {1, 3, 4}:
            raise ConnectionError("killed")

    event.listen(engine, "commit", die)
    for slot in (SLOT, SLOT + 4 * BUCKET):
        for _attempt in range(4):
            try:
                cycle(engine, farm, slot)
            except ConnectionError:
                continue
            break
    event.remove(engine, "commit", die)

    assert everything(engine) == expected


def test_no_change_is_missed_by_the_feed_with_an_older_transaction_open(engine, farm):
    """A writer that began before the feed was read and commits after it is seen the next time."""
    until = SLOT + timedelta(days=1)
    with engine.begin() as reader:
        changes.take(reader, farm, until=until)
    writer = engine.connect()
    transaction = writer.begin()
    writer.execute(text("INSERT INTO changed_bucket VALUES (:farm, :bucket)"), {"farm": farm, "bucket": SLOT})
    with engine.begin() as reader:
        while_open = changes.take(reader, farm, until=until)
    transaction.commit()
    writer.close()
    with engine.begin() as reader:
        afterwards = changes.take(reader, farm, until=until)

    assert (while_open, afterwards) == ([], [SLOT])


def test_markers_come_back_when_whoever_took_them_fails(engine, farm):
    with engine.connect() as reader:
        taken = changes.take(reader, farm, until=SLOT)
        reader.rollback()
    with engine.begin() as reader:
        assert changes.take(reader, farm, until=SLOT) == taken


def test_hindsight_is_marked_and_scored(engine, farm):
    origins = slots_between(SLOT - timedelta(days=1), SLOT, 24)
    made = issue_in_hindsight(engine, farm, origins, history_days=4)

    issued, scored = everything(engine)
    assert made == len(issued) == 2 * len(origins)
    assert {row.backtest for row in issued} == {row.backtest for row in scored} == {True}


def test_too_little_history_gives_a_mean_profile_that_says_so(engine, farm):
    with engine.begin() as connection:
        connection.execute(
            text("DELETE FROM posture_window WHERE bucket < :start"), {"start": SLOT - timedelta(days=2)}
        )
    cycle(engine, farm)

    rows, _ = everything(engine)
    assert {row.model for row in rows} == {"mean_profile_14d"}
    assert all("days" in row.reason for row in rows)


def test_a_series_of_which_nothing_is_known_has_no_forecast(engine, farm):
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE stored_window"))

    assert cycle(engine, farm) == 0


def test_half_a_herd_that_is_silent_gives_no_ratio_of_the_rest(engine, farm):
    """One of three members heard: below half of the member-seconds, so there is no ratio; with two there is."""
    with engine.begin() as connection:
        for name in ("Noire", "Blanche"):
            animal = herd.ensure_animal(connection, farm, name)
            herd.move(connection, animal, herd.ensure_group(connection, farm, "dairy"))
            herd.assign(connection, herd._ensure(connection, "collar", farm, name), animal)
        connection.execute(
            text(
                """INSERT INTO stored_window SELECT id, :bucket, 900, 900, 900, 1, repeat('1', 900)::bit(900),
                repeat('0', 900)::bit(900) FROM animal WHERE name = 'Noire'"""
            ),
            {"bucket": SLOT - BUCKET},
        )
    with scoped_to(engine, [farm]) as connection:
        group = series.ensure_series(connection, farm)[1]
        measured = series.history(connection, group, SLOT - 2 * BUCKET, SLOT)

    assert [(one.heard, one.members, one.standing_ratio is None) for one in measured] == [(1, 3, True), (2, 3, False)]
    assert measured[1].standing_ratio == pytest.approx((standing_at(SLOT - BUCKET) + 900) / 1800)

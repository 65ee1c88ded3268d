"""Rows from before a migration mean the same after it: forecasts and scores (0012), windows (0015, 0018)."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import product

import pytest
from alembic import command
from sqlalchemy import text

from core.method import Rule, method
from core.timeline import BUCKET
from storage.engine import database
from storage.engine.database import scoped_to
from storage.forecasting import forecasts, issuing, scores
from storage.herds import herd
from storage.herds.herd import ALWAYS
from tests import databases

SLOT = datetime(2026, 3, 20, 12, tzinfo=UTC)
MEAN = [0.3 + step / 1000 for step in range(192)]
DAILY = [0.2 + step / 1000 for step in range(96)]

_ISSUED = text("""
INSERT INTO forecast (series_id, issued_at, backtest, model, specification, inputs_hash, mean, lower80, upper80,
  lower95, upper95, persistence, constant_mean, seasonal_naive, mean_profile)
SELECT :series, :slot, :backtest, 'harmonic_sarimax', '{}', 'x', mean, mean, mean, mean, mean,
  CASE WHEN :known THEN array_fill(0.25::real, ARRAY[192]) ELSE '{}' END,
  CASE WHEN :known THEN array_fill(0.75::real, ARRAY[192]) ELSE '{}' END,
  CASE WHEN :known THEN CAST(:daily AS real[]) ELSE '{}' END, CASE WHEN :known THEN CAST(:daily AS real[]) ELSE '{}' END
FROM (SELECT CAST(:mean AS real[])) AS m (mean)
""")
_SCORED = text("""
INSERT INTO score (series_id, target, band, model, n, sum_squared, sum_absolute, sum_error, covered80, covered95)
VALUES (:series, :slot, '1-4', 'model', 4, 0.04, 0.4, 0.4, 3, 4),
  (:series, :slot, '1-4', 'mean', 4, 0.16, 0.8, 0.8, NULL, NULL)
""")


@pytest.fixture
def old(server_url: str) -> Iterator[database.Engine]:
    """A database of version 0011."""
    with databases.made(server_url) as url, databases.opened(url) as made:
        with made.begin() as connection:
            command.upgrade(database._config(connection), "0011")
        yield made


def test_old_forecasts_and_scores_are_what_they_were_after_an_upgrade(old):
    late = SLOT + BUCKET
    with old.begin() as connection:
        farm = connection.execute(
            text("INSERT INTO farm (name, title) VALUES ('barn', 'barn') RETURNING id")
        ).scalar_one()
        one = connection.execute(
            text("INSERT INTO series (farm_id) VALUES (:farm) RETURNING id"), {"farm": farm}
        ).scalar_one()
        told = {"series": one, "mean": MEAN, "daily": 2 * DAILY}
        connection.execute(_ISSUED, told | {"slot": SLOT, "backtest": False, "known": True})
        connection.execute(_ISSUED, told | {"slot": late, "backtest": True, "known": False})
        connection.execute(_SCORED, {"series": one, "slot": SLOT})
    assert database.upgrade(old) == database.newest_version()

    with scoped_to(old, [farm]) as connection:
        bare, full = (forecasts.latest(connection, one, until=until) for until in (late, SLOT))
        live, hindsight = issuing.steps_for(connection, farm, SLOT + 100 * BUCKET)
        found = {score.model: score for score in scores.summary(connection, one, SLOT, SLOT + BUCKET)}
    assert full.mean == bare.mean == pytest.approx(MEAN)
    assert (full.issued_at, full.backtest, bare.issued_at, bare.backtest) == (SLOT, False, late, True)
    assert (full.sigma, full.factors80, full.factors95) == ([], [], [])
    assert [*full.persistence, *full.constant_mean] == pytest.approx([0.25] * 192 + [0.75] * 192)
    assert full.seasonal_naive == full.mean_profile == pytest.approx(2 * DAILY)
    assert [bare.persistence, bare.constant_mean, bare.seasonal_naive, bare.mean_profile] == [()] * 4
    assert [live.backtest, hindsight.backtest] == [False, True]
    assert live.values[0] == pytest.approx([MEAN[100]] * 5 + [0.25, 0.75, DAILY[4], DAILY[4]])
    assert hindsight.values[0] == pytest.approx([MEAN[99]] * 5 + [float("nan")] * 4, nan_ok=True)
    assert (found["model"].rmse, found["model"].coverage80) == pytest.approx((0.1, 0.75))
    assert found["model"].interval80 is None
    assert found["mean"].skill == pytest.approx(0.5)


FIRST = datetime(2026, 3, 20, tzinfo=UTC)
WINDOWS = text("""
INSERT INTO posture_window (animal_id, bucket, received_s, known_s, standing_s, standing, lying)
SELECT DISTINCT a.animal_id, e.bucket, 0, 0, 0, repeat('0', 900)::bit(900), repeat('0', 900)::bit(900)
FROM evidence e JOIN assignment a ON a.collar_id = e.collar_id
  AND a.during && tstzrange(e.bucket, e.bucket + interval '15 min')
""")
EVIDENCE = text("""
INSERT INTO evidence (collar_id, bucket, method, received, standing, lying)
VALUES (:collar, :bucket, :method, CAST(:received AS bit(900)), CAST(:standing AS bit(900)), CAST(:lying AS bit(900)))
""")
SAID = text("SELECT animal_id, bucket, summed::text, inferred FROM posture_window ORDER BY animal_id, bucket")


def run(start: int, end: int) -> str:
    """Seconds of a bucket, as its bits."""
    return "0" * start + "1" * (end - start) + "0" * (900 - end)


def fill(connection: database.Connection, rng: random.Random) -> None:
    """Two animals that change collars within a bucket; every rule, two generations of which the newer is published."""
    connection.execute(text("INSERT INTO farm (name, title) VALUES ('barn', 'barn')"))
    for number in (1, 2):
        generation = {"name": f"c{number}", "generation": number - 1}
        connection.execute(text("INSERT INTO animal (farm_id, name) VALUES (1, :name)"), {"name": f"a{number}"})
        connection.execute(
            text("INSERT INTO collar (farm_id, name, generation) VALUES (1, :name, :generation)"), generation
        )
    for number in (1, 2):
        for animal, edges in ((number, (None, FIRST + 2.5 * BUCKET)), (3 - number, (FIRST + 2.5 * BUCKET, None))):
            connection.execute(
                text(
                    "INSERT INTO assignment (collar_id, animal_id, during) VALUES (:collar, :animal, tstzrange(:a, :b))"
                ),
                {"collar": number, "animal": animal, "a": edges[0], "b": edges[1]},
            )
    for collar, place in product((1, 2), range(24)):
        for rule in rng.sample([*Rule], rng.randint(1, 3)):
            generation = 0 if rule in {Rule.DEVICE, Rule.SUMS} else rng.randint(0, 1)
            cut, end = sorted(rng.sample(range(0, 901, 150), 2))
            standing, lying = run(0, cut), run(cut, end)
            values = {
                "received": run(0, end),
                "standing": standing,
                "lying": lying if rng.random() < 0.8 else run(0, 0),
            }
            at = {"collar": collar, "bucket": FIRST + place * BUCKET, "method": method(rule, generation)}
            connection.execute(EVIDENCE, values | at)
    connection.execute(WINDOWS)


@pytest.mark.parametrize("seed", [1, 2])
def test_old_windows_tell_what_was_summed_and_inferred_as_if_derived_anew(old, seed):
    """`summed` since 0015, `inferred` since 0018: what the migrations make of full tables, and what deriving makes."""
    with old.begin() as connection:
        command.upgrade(database._config(connection), "0013")
        fill(connection, random.Random(seed))
    with old.begin() as connection:
        connection.execute(text("INSERT INTO changed_bucket (farm_id, bucket) VALUES (1, :at)"), {"at": FIRST})
        command.upgrade(database._config(connection), "0017")
        connection.execute(text("INSERT INTO day_basis VALUES (1, 'UTC', 'goat')"))
        command.upgrade(database._config(connection), "0018")
        bases = connection.execute(text("SELECT count(*) FROM day_basis")).scalar_one()
    database.upgrade(old)
    with old.begin() as connection:
        upgraded = connection.execute(SAID).all()
        herd._touch(connection, [1, 2], ALWAYS)
        herd.derive_touched(connection)
        derived = {(row.animal_id, row.bucket): row for row in connection.execute(SAID).all()}

    assert bases == 0
    assert len(upgraded) == 48
    assert [row for row in upgraded if (row.animal_id, row.bucket) in derived] == list(derived.values())
    assert {row.summed is not None for row in upgraded} == {row.inferred for row in upgraded} == {True, False}

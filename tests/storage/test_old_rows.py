"""Forecasts and scores from before 0012 are read, scored anew and told as they were issued."""

from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
import pytest
from alembic import command
from sqlalchemy import text

from core.timeline import BUCKET
from storage import database, forecasts, issuing, scores
from storage.database import scoped_to

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
def old(server_url: str, database_url: str, engine: database.Engine) -> Iterator[database.Engine]:
    """A database of version 0011."""
    name = f"{engine.url.database}_old"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    made = database.engine_for(database_url.replace(str(engine.url.database), name))
    with made.begin() as connection:
        command.upgrade(database._config(connection), "0011")
    yield made
    made.dispose()
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


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

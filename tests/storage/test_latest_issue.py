"""The latest forecast is found however many are kept, of the own farms alone."""

import pytest
from sqlalchemy import text

from core.timeline import bucket_start
from storage.engine import database
from storage.forecasting import forecasts, issuing
from storage.forecasting.forecasts import STEPS, Issued
from storage.herds import herd
from storage.measurements import series

LAST = 1_977_000
AGES = (3, 8, 500)


def issued(series_id, age):
    steps = dict.fromkeys(("mean", "lower80", "upper80", "lower95", "upper95", "persistence"), [0.5] * STEPS)
    return Issued(
        series_id=series_id,
        issued_at=bucket_start(LAST - age),
        backtest=False,
        model="sarimax",
        reason="",
        specification="",
        inputs_hash=bytes(32),
        constant_mean=[],
        seasonal_naive=[],
        mean_profile=[],
        **steps,
    )


@pytest.fixture
def herds(engine):
    """The farms and the series of two herds, one of which has forecasts."""
    with engine.begin() as connection:
        farms = [herd.ensure_farm(connection, name) for name in ("barn", "byre")]
        own = [series.ensure_series(connection, farm)[0].id for farm in farms]
        issuing.issue(connection, [issued(own[0], age) for age in AGES])
    return farms, own


@pytest.mark.parametrize("until", [None, 0, 3, 4, 8, 499, 500, 501])
def test_the_latest_is_the_newest_that_is_old_enough(engine, herds, until):
    farms, own = herds
    expected = next((age for age in AGES if age >= (until or 0)), None)
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL ROLE animov_api"))
        database.see_farms(connection, farms[:1])
        at = None if until is None else bucket_start(LAST - until)
        found = forecasts.latest(connection, own[0], until=at)
        assert (found and found.issued_at) == (None if expected is None else bucket_start(LAST - expected))
        assert forecasts.latest(connection, own[1]) is None
        database.see_farms(connection, farms[1:])
        assert forecasts.latest(connection, own[0]) is None

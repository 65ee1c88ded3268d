"""Forecasts for tests of what shows them."""

from collections.abc import Sequence

from core.timeline import bucket_start
from storage.forecasting.forecasts import Issued


def issued(series_id: int, bucket: int, mean: Sequence[float]) -> Issued:
    """Return a forecast of 48 hours as of the beginning of a bucket, with bands of 0.1 and 0.2 around its mean."""
    return Issued(
        series_id=series_id,
        issued_at=bucket_start(bucket),
        backtest=False,
        model="sarimax",
        reason="",
        specification="(1,0,1)",
        inputs_hash=b"\1" * 32,
        mean=mean,
        lower80=[value - 0.1 for value in mean],
        upper80=[value + 0.1 for value in mean],
        lower95=[value - 0.2 for value in mean],
        upper95=[value + 0.2 for value in mean],
        persistence=[0.5] * 192,
        constant_mean=[0.6] * 192,
        seasonal_naive=[],
        mean_profile=[0.4] * 192,
    )

"""Factors on the widths of bands, one row for each series, UTC day and model: written once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class BandCalibration:
    """The factors of one series in the four bands of horizon, for one model.

    Attributes:
        series_id: The series.
        specification: Sha256 of the model.
        factor80: Of the 80 % band.
        factor95: Of the 95 % band.
    """

    series_id: int
    specification: bytes
    factor80: Sequence[float]
    factor95: Sequence[float]


def of_day(connection: Connection, series_ids: Sequence[int], day: datetime) -> list[BandCalibration]:
    """Return the factors of some series that a day has already, for whichever model."""
    rows = connection.execute(
        text(
            """SELECT series_id, specification, factor80, factor95 FROM band_calibration
            WHERE series_id = ANY (:series) AND day = :day"""
        ),
        {"series": list(series_ids), "day": day},
    )
    return [BandCalibration(*row) for row in rows]


def keep(connection: Connection, day: datetime, made: Sequence[BandCalibration]) -> None:
    """Write the factors of a day; those that it has already stay as they are."""
    if made:
        connection.execute(
            text(
                """INSERT INTO band_calibration (series_id, day, specification, factor80, factor95)
                VALUES (:series_id, :day, :specification, :factor80, :factor95) ON CONFLICT DO NOTHING"""
            ),
            [
                {"series_id": one.series_id, "day": day, "specification": one.specification}
                | {"factor80": list(one.factor80), "factor95": list(one.factor95)}
                for one in made
            ],
        )

"""A file becomes a series."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from core.errors import NotFoundError
from core.tabular import TableError
from forecast.ratio_file import SeriesError, read_ratio_csv

nan = np.nan


def _file(folder: Path, *lines: str, encoding: str = "utf-8") -> Path:
    path = folder / "ratios.csv"
    path.write_text("\n".join(lines), encoding=encoding)
    return path


@pytest.mark.parametrize(
    ("lines", "start", "minutes", "values"),
    [
        pytest.param(
            ["date,ratio_debout", "2026-05-01 10:00,0.5", "2026-05-01 10:15,1", "2026-05-01 10:45,0"],
            "2026-05-01T10:00",
            15,
            [0.5, 1, nan, 0],
            id="a_missing_step_is_a_gap",
        ),
        pytest.param(
            ["date;ratio_debout", "01/05/2026 10:00;0,5", "01/05/2026 11:00;", "01/05/2026 12:00;0,25"],
            "2026-05-01T10:00",
            60,
            [0.5, nan, 0.25],
            id="semicolon_comma_day_first_hourly",
        ),
        pytest.param(
            ["date,ratio_debout", *(f"2026-05-01T10:{m:02}:{s:02}Z,0.5" for m, s in ((0, 2), (14, 59), (30, 1)))],
            "2026-05-01T10:00",
            15,
            [0.5, 0.5, 0.5],
            id="dates_that_jitter",
        ),
        pytest.param(
            [
                "date,ratio_debout",
                *(f"2026-05-01T10:{m:02}Z,{v}" for m, v in ((0, 0.1), (15, 0.2), (17, 0.4), (32, 1))),
            ],
            "2026-05-01T10:00",
            15,
            [0.1, 0.3, 1],
            id="several_in_a_slot_are_averaged",
        ),
    ],
)
def test_a_file_is_read_onto_a_grid(tmp_path, lines, start, minutes, values):
    history = read_ratio_csv(_file(tmp_path, *lines, encoding="utf-8-sig"))

    assert history.start == datetime.fromisoformat(start).replace(tzinfo=UTC)
    assert history.step == timedelta(minutes=minutes)
    np.testing.assert_allclose(history.values, values)


def test_naive_dates_are_the_wall_clock_of_the_zone_through_a_change(tmp_path):
    """On the night of 25 October 2026 Paris has ten quarters of an hour from 01:45 to the second 03:00."""
    walls = ["01:45", "02:00", "02:15", "02:30", "02:45", "02:00", "02:15", "02:30", "02:45", "03:00"]
    lines = [f"2026-10-25 {wall},{place / 10}" for place, wall in enumerate(walls)]

    history = read_ratio_csv(_file(tmp_path, "date,ratio_debout", *lines), zone="Europe/Paris")

    assert history.start == datetime(2026, 10, 24, 23, 45, tzinfo=UTC)
    np.testing.assert_allclose(history.values, np.arange(10) / 10)


def test_percent_is_refused_with_a_hint_and_taken_when_said(tmp_path):
    path = _file(tmp_path, "date,ratio_debout", "2026-05-01 10:00,50", "2026-05-01 10:15,100")

    with pytest.raises(TableError, match="--unit percent"):
        read_ratio_csv(path)
    assert read_ratio_csv(path, unit="percent").values.tolist() == [0.5, 1.0]


def test_what_is_no_series_is_refused(tmp_path):
    with pytest.raises(NotFoundError, match="no file"):
        read_ratio_csv(tmp_path / "nowhere.csv")
    with pytest.raises(SeriesError, match="at least two dates"):
        read_ratio_csv(_file(tmp_path, "date,ratio_debout", "2026-05-01 10:00,1"))
    with pytest.raises(SeriesError, match="0:07:00 apart"):
        read_ratio_csv(_file(tmp_path, "date,ratio_debout", "2026-05-01 10:00,1", "2026-05-01 10:07,1"))
    with pytest.raises(TableError, match="ratio_debout"):
        read_ratio_csv(_file(tmp_path, "date,share", "2026-05-01 10:00,1"))

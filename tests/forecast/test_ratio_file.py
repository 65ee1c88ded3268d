"""A file becomes a series."""

import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import AnimovError, NotFoundError
from core.tabular import TableError
from forecast.life.ratio_file import SeriesError, read_ratio_csv, read_ratio_table

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


def test_signs_of_percent_and_utf_16_are_read_from_a_file_too(tmp_path):
    path = tmp_path / "series.csv"
    path.write_bytes("date\tratio_debout\n2026-05-01 10:00\t50 %\n2026-05-01 10:15\t100 %\n".encode("utf-16"))

    assert read_ratio_csv(path).values.tolist() == [0.5, 1.0]


def test_what_is_no_series_is_refused(tmp_path):
    with pytest.raises(NotFoundError, match="no file"):
        read_ratio_csv(tmp_path / "nowhere.csv")
    with pytest.raises(SeriesError, match="at least two dates"):
        read_ratio_csv(_file(tmp_path, "date,ratio_debout", "2026-05-01 10:00,1"))
    with pytest.raises(SeriesError, match="0:07:00 apart"):
        read_ratio_csv(_file(tmp_path, "date,ratio_debout", "2026-05-01 10:00,1", "2026-05-01 10:07,1"))
    with pytest.raises(TableError, match="ratio_debout"):
        read_ratio_csv(_file(tmp_path, "date,share", "2026-05-01 10:00,1"))


@pytest.mark.parametrize("name", ["demand.csv.gz", "demand.csv"])
def test_a_value_and_columns_of_any_name_are_read_packed_or_not(tmp_path, name):
    """Half-hourly demand with temperature; names in any case, and what is packed is known by its content."""
    path = tmp_path / name
    lines = [
        "Time,Demand,Temp,Note",
        "2026-01-01T00:00Z,4382.5,21.4,a",
        "2026-01-01T00:30Z,-3,,b",
        "2026-01-01T01:30Z,,9,c",
    ]
    path.write_bytes(gzip.compress("\n".join(lines).encode()))

    history, columns, header = read_ratio_table(path, unit="any", date="time", value="Demand", regressors=["temp"])

    assert (history.start, history.step) == (datetime(2026, 1, 1, tzinfo=UTC), timedelta(minutes=30))
    np.testing.assert_array_equal(history.values, [4382.5, -3])
    np.testing.assert_array_equal(columns["temp"], [21.4, nan, nan, 9])
    assert header == {"time", "demand", "temp", "note"}


def test_rows_after_the_last_value_are_the_future_of_the_columns(tmp_path):
    lines = [f"2026-05-01 {hour:02}:00,{'0.5' if hour < 20 and hour != 7 else ''},{hour}" for hour in range(24)]

    history, columns, _ = read_ratio_table(_file(tmp_path, "date,ratio_debout,hour", *lines), regressors=["hour"])

    assert len(history) == 20
    assert np.flatnonzero(np.isnan(history.values)).tolist() == [7]
    np.testing.assert_array_equal(columns["hour"], np.arange(24.0))


@given(
    rows=st.lists(
        st.tuples(st.integers(0, 12), st.integers(1, 4), st.integers(1, 4)), min_size=2, unique_by=lambda r: r[0]
    )
)
def test_a_column_is_averaged_on_the_grid_of_the_series(tmp_path_factory, rows):
    """Rows every five minutes at least, most of them a quarter apart; the mean of a slot's rows is its value."""
    rows = sorted(rows) + [(100 + 3 * k, 1, 1) for k in range(30)]
    start = datetime(2026, 5, 1, tzinfo=UTC)
    lines = [f"{(start + timedelta(minutes=5 * at)).isoformat()},{value / 4},{x}" for at, value, x in rows]
    slots = [-(-(2 * at - 3) // 6) for at, _, _ in rows]  # nearest slot of three rows, halves upwards

    history, columns, _ = read_ratio_table(
        _file(tmp_path_factory.mktemp("table"), "date,ratio_debout,x", *lines), regressors=["x"]
    )

    expected = {
        slot - slots[0]: np.mean([x for other, (_, _, x) in zip(slots, rows, strict=True) if other == slot])
        for slot in slots
    }
    assert history.step == timedelta(minutes=15)
    assert np.flatnonzero(np.isfinite(columns["x"])).tolist() == sorted(expected)
    np.testing.assert_allclose(columns["x"][sorted(expected)], [expected[slot] for slot in sorted(expected)])


@pytest.mark.parametrize(
    ("lines", "options", "told"),
    [
        pytest.param(
            ["date,ratio_debout,x", "2026-05-01 10:00,1,mild", "2026-05-01 10:15,1,2"],
            {"regressors": ["x"]},
            "line 2, column 'x': 'mild' is not a number",
            id="no_numbers",
        ),
        pytest.param(
            ["date,ratio_debout,x", "2026-05-01 10:00,1,1", "2026-05-01 10:15,1,2"],
            {"regressors": ["y"]},
            "there is no column 'y'; the columns are date, ratio_debout, x",
            id="unknown_column",
        ),
        pytest.param(
            ["date,demand", "2026-05-01 10:00,1", "2026-05-01 10:15,7000"],
            {"value": "demand"},
            "line 3, column 'demand': 7000 is not between 0 and 1",
            id="bounded_unless_said",
        ),
        pytest.param(
            ["date,ratio_debout", "2026-05-01 10:00,", "2026-05-01 10:15,"],
            {},
            "not one row has a value in the column 'ratio_debout'",
            id="no_value_at_all",
        ),
    ],
)
def test_a_column_that_cannot_be_read_is_told_by_its_name(tmp_path, lines, options, told):
    with pytest.raises(AnimovError, match=told):
        read_ratio_table(_file(tmp_path, *lines), **options)


def test_a_damaged_gzip_file_is_told_so(tmp_path):
    whole = gzip.compress(b"date,ratio_debout\n2026-05-01 10:00,1\n2026-05-01 10:15,1\n")
    (tmp_path / "cut.csv.gz").write_bytes(whole[:-12])

    with pytest.raises(AnimovError, match="damaged"):
        read_ratio_table(tmp_path / "cut.csv.gz")

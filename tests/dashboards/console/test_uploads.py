"""Files of series as spreadsheets write them: whatever the sign between cells and in numbers, the same series."""

import csv
from datetime import datetime, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.tabular import TableError
from dashboards.console.uploads import draft_of, has_percent_signs, looks_like_percent, named, upload_of

PARIS = ZoneInfo("Europe/Paris")
START = datetime(2026, 5, 1)  # noqa: DTZ001 - as a spreadsheet has it
VALUES = st.lists(st.integers(0, 100).map(lambda share: share / 100) | st.none(), min_size=1, max_size=6)


def written(values, *, sign, comma, percent, day_first, further=(), mark=""):
    """A file, as one of many programs writes it."""
    told = StringIO()
    writer = csv.writer(told, delimiter=sign, lineterminator="\r\n")
    writer.writerow(("date", "ratio_debout", *further))
    for hour, value in enumerate(values):
        at = START + timedelta(hours=hour)
        number = "" if value is None else f"{value * (100 if percent else 1):.4f}{mark if percent else ''}"
        cells = (f"{at:%d/%m/%Y %H:%M}" if day_first else f"{at:%Y-%m-%d %H:%M}", number.replace(".", comma))
        writer.writerow((*cells, *("7" for _ in further)))
    return told.getvalue()


def read(content, **wanted):
    usual = {"date": "date", "ratio": "ratio_debout", "zone": PARIS, "unit": "ratio"}
    return upload_of(draft_of(content), **usual | wanted)


MARKS = st.sampled_from(["", "%", " %", "\u00a0%"])
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"])


@given(VALUES, st.sampled_from(";,\t"), st.sampled_from(",."), st.booleans(), st.booleans(), ENCODINGS, MARKS)
def test_every_way_of_writing_a_series_is_read_as_the_same(values, sign, comma, percent, day_first, encoding, mark):
    text = written(
        values, sign=sign, comma=comma, percent=percent, day_first=day_first, further=("fenêtre",), mark=mark
    )
    upload = read(text.encode(encoding), unit="percent" if percent else "ratio")
    expected = [((START + timedelta(hours=hour)).replace(tzinfo=PARIS), value) for hour, value in enumerate(values)]
    assert [at for at, _ in upload.points] == [at for at, _ in expected]
    for (_, found), (_, value) in zip(upload.points, expected, strict=True):
        assert found == (None if value is None else pytest.approx(value, abs=1e-6))
    assert upload.further == ("fenêtre",)


@given(VALUES, st.sampled_from(";,\t"), st.sampled_from(",."))
def test_what_is_told_to_the_api_is_read_by_it_as_the_same(values, sign, comma):
    upload = read(written(values, sign=sign, comma=comma, percent=False, day_first=True).encode())
    assert read(upload.csv.encode()).points == upload.points


@given(VALUES, MARKS)
def test_signs_of_percent_are_found(values, mark):
    text = written(values, sign=";", comma=",", percent=True, day_first=True, mark=mark)
    has_signs = bool(mark) and any(value is not None for value in values)
    assert has_percent_signs(draft_of(text.encode()), "ratio_debout") == has_signs


@given(VALUES)
def test_percent_is_hinted_at_where_values_lie_above_one(values):
    text = written(values, sign=";", comma=",", percent=True, day_first=True)
    most = max((value * 100 for value in values if value is not None), default=0)
    assert looks_like_percent(draft_of(text.encode()), "ratio_debout") == (most > 1)


@pytest.mark.parametrize(
    ("content", "line", "column"),
    [
        ("date;ratio_debout\n01/05/2026 00:00;0,5\n01/05/2026 01:00;abc\n", 3, "ratio_debout"),
        ("date;ratio_debout\n31/02/2026 00:00;0,5\n", 2, "date"),
        ("date;ratio_debout\n01/05/2026 00:00;0,5;7\n", 2, None),
        ("", 1, None),
        (b"date;ratio_debout\n01/05/2026 00:00;0,5\n\xff\x81", 3, None),
        ("date\tratio_debout\n".encode("utf-16")[:-1], 1, None),
    ],
)
def test_what_can_not_be_read_is_told_with_line_and_column(content, line, column):
    with pytest.raises(TableError) as told:
        read(content if isinstance(content, bytes) else content.encode())
    assert (told.value.line, told.value.column) == (line, column)


def test_columns_are_found_by_their_names_or_else_by_their_places():
    assert named(("x", "Ratio_Debout", "Date"), "date", 0) == 2
    assert named(("when", "what"), "ratio_debout", 1) == 1
    assert named(("when",), "ratio_debout", 1) == 0

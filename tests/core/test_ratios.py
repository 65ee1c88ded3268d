from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ratios import Ratio, ratios_of
from core.tabular import TableError, read_table

PARIS = ZoneInfo("Europe/Paris")


def read(text, **options):
    return list(ratios_of(read_table(text).select("date", "ratio_debout"), zone=PARIS, **options))


@given(values=st.lists(st.none() | st.sampled_from([0, 0.25, 1]), max_size=8), start=st.integers(-6, 2))
def test_a_series_over_the_repeated_hour_is_read_back(values, start):
    first = datetime(2025, 10, 26, 0, 0, tzinfo=UTC) + timedelta(minutes=15 * min(start, 0))
    series = [(first + timedelta(minutes=15 * index), value) for index, value in enumerate(values)]
    lines = [
        f"{at.astimezone(PARIS):%d/%m/%Y %H:%M};{'' if v is None else str(v).replace('.', ',')}" for at, v in series
    ]

    assert read("\n".join(["date;ratio_debout", *lines])) == [Ratio(at, value) for at, value in series]


@pytest.mark.parametrize(
    ("cells", "unit", "told"),
    [
        ("2025-01-01,62", "ratio", "line 2, column 'ratio_debout': 62 is not between 0 and 1; .* --unit percent"),
        (
            "2025-01-01,28.1 %\n2025-01-02,0.3",
            "ratio",
            "line 3, .*'0.3' has no percent sign, the values before it have",
        ),
        ("2025-01-01,0.3\n2025-01-02,28.1\u202f%", "ratio", "line 3, .*'28.1 %' has a percent sign, the values before"),
        ("2025-01-01,101 %", "ratio", "101 is not between 0 and 100$"),
        ("2025-01-01,%", "ratio", "'%' is not a number"),
        ("2025-01-01,28.1 %%", "ratio", "'28.1 %%' is not a number"),
        ("2025-01-01,101", "ratio", "101 is not between 0 and 1$"),
        ("2025-01-01,-0.1", "percent", "-0.1 is not between 0 and 100$"),
        ("2025-01-01,abc", "ratio", "'abc' is not a number"),
        ("yesterday,1", "ratio", "line 2, column 'date': 'yesterday' is not a date"),
        ("2026-03-29 02:15,1", "ratio", "line 2, column 'date': .*does not exist in Europe/Paris"),
        ("2025-01-02,1\n2025-01-01,1", "ratio", "line 3, column 'date': 2025-01-01 is not later"),
        ("2025-01-01,1\n2025-01-01,1", "ratio", "line 3, column 'date': 2025-01-01 is not later"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(cells, unit, told):
    with pytest.raises(TableError, match=told):
        read("date,ratio_debout\n" + cells, unit=unit)


def test_percent_are_divided():
    assert read("date,ratio_debout\n2025-01-01T00:00Z,62.5", unit="percent") == [
        Ratio(datetime(2025, 1, 1, tzinfo=UTC), 0.625)
    ]


@pytest.mark.parametrize("unit", ["ratio", "percent"])
@pytest.mark.parametrize("space", ["", " ", "\u00a0", "\u202f", "\u2009"])
def test_signs_of_percent_say_the_unit_where_the_whole_column_has_them(space, unit):
    cells = ("28,1", "", "0", "100")
    lines = [f"2025-01-0{day};{cell and cell + space + '%'}" for day, cell in enumerate(cells, start=1)]

    assert [one.ratio for one in read("\n".join(["date;ratio_debout", *lines]), unit=unit)] == [0.281, None, 0, 1]

"""A herd's list means the same in English and French, with commas, semicolons and tabs, in UTF-8 and Latin-1."""

import csv
import io
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.herd_lists import Line, read, spans

PARIS = ZoneInfo("Europe/Paris")
HEADINGS = {"en": ["name", "group", "collar", "from"], "fr": ["Nom", " LOT ", "collier", "Depuis"]}
T0 = datetime(2026, 5, 1, tzinfo=UTC)

names = st.sampled_from(["ada", "Fraîche", "l'été", 'dite "la; Rousse"', "a,b"])
rows = st.lists(st.tuples(names, names, st.integers(0, 3)), min_size=1, max_size=5)


marks = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1"])


@given(rows=rows, language=st.sampled_from(["en", "fr"]), delimiter=st.sampled_from(",;\t"), mark=marks)
def test_a_list_is_read_however_it_was_written(rows, language, delimiter, mark):
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter)
    writer.writerow(HEADINGS[language])
    for place, (name, group, hour) in enumerate(rows):
        writer.writerow([name, group, f"c-{place}", f"2026-05-0{place + 1} 0{hour}:00"])
    lines, faults = read(file.getvalue().encode(mark), PARIS)

    assert faults == []
    expected = [
        Line(place + 2, name, group, f"c-{place}", datetime(2026, 5, place + 1, hour, tzinfo=PARIS).astimezone(UTC))
        for place, (name, group, hour) in enumerate(rows)
    ]
    assert lines == expected


@pytest.mark.parametrize(
    ("content", "faults"),
    [
        ("", [("name", "the list is empty")]),
        ("name;color\n", [("color", "line 1")]),
        ("group;collar\n", [("name", "line 1")]),
        ("name;nom\n", [("name", "line 1")]),
        ("name;group\n;old\n\nada;old;x\n", [("name", "line 2"), ("name", "line 4")]),
        ("name;collar\nada;c 1\nbea;" + "x" * 65 + "\n", [("collar", "line 2"), ("collar", "line 3")]),
        ("name,from\nada,yesterday\nbea,2026-03-29 02:30\n", [("from", "line 2"), ("from", "line 3")]),
        ("name;collar\nada;c-1\nbea;c-1\n", [("collar", "line 3: line 2")]),
        ("name;group\nada;old\nada;young\nada;old\n", [("group", "line 3: line 2")]),
        ("name\n" + "x" * 200_000, [("name", "the list can't be read")]),
        ("name\na\x00b\n", [("name", "line 2")]),
    ],
)
def test_each_error_is_told_with_its_line(content, faults):
    lines, found = read(content.encode(), PARIS)

    assert [fault.column for fault in found] == [column for column, _ in faults]
    for fault, (_, told) in zip(found, faults, strict=True):
        assert told in fault.message
        assert fault.message.french != fault.message
    assert len(lines) + len(found) >= 1


starts = st.sampled_from([None, T0, T0 + timedelta(hours=1), T0 + timedelta(hours=2)])
said = st.lists(st.tuples(st.sampled_from(["ada", "bea"]), st.sampled_from(["c-1", "c-2"]), starts), max_size=6)


@given(said=said)
def test_what_a_line_says_holds_until_another_says_otherwise(said):
    """At each instant the latest line about a collar that has begun is the one that holds, whatever their order."""
    lines = [Line(place, name, None, collar, start) for place, (name, collar, start) in enumerate(said)]
    placed = spans(lines)

    assert sorted(line.number for line, _ in placed) == [line.number for line in lines]
    for hour in (-1, 0.5, 1.5, 2.5):
        at = T0 + timedelta(hours=hour)
        for collar in ("c-1", "c-2"):
            begun = [line.start for line in lines if line.collar == collar and (line.start is None or line.start <= at)]
            latest = max(begun, key=lambda start: start or datetime.min.replace(tzinfo=UTC), default="nobody")
            holding = {
                line.start
                for line, ends in placed
                if line.collar == collar
                and (line.start is None or line.start <= at)
                and (ends.collar_until is None or at < ends.collar_until)
            }
            assert holding == ({latest} if begun else set())

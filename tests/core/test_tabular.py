import codecs
import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.tabular import TableError, number, read_table, text_of

cells = st.text(alphabet='a1,;\t" éĊ\n', max_size=4)  # the last letter has a byte that is a line's end elsewhere


def cells_of(table, *columns):
    return [list(row.cells) for row in table.select(*(columns or table.columns))]


def values_of(source):
    table = read_table(source)
    return [number(row.cells[0], line=row.line, column="b") for row in table.select("b")]


@given(
    rows=st.lists(st.tuples(cells, cells), max_size=5),
    delimiter=st.sampled_from(",;\t"),
    mark=st.sampled_from(["", "\ufeff"]),
    ending=st.sampled_from(["\n", "\r\n"]),
    stream=st.sampled_from(
        [
            str,
            str.encode,
            lambda text: io.BytesIO(text.encode()),
            lambda text: codecs.BOM_UTF16_LE + text.removeprefix("\ufeff").encode("utf-16-le"),
            lambda text: io.BytesIO(codecs.BOM_UTF16_BE + text.removeprefix("\ufeff").encode("utf-16-be")),
        ]
    ),
)
def test_what_a_spreadsheet_wrote_is_read_back(rows, delimiter, mark, ending, stream):
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator=ending).writerows([("a", "b, or so"), *rows])

    read = cells_of(read_table(stream(mark + text.getvalue())))

    assert read == [[a.strip(), b.strip()] for a, b in rows if a.strip() or b.strip()]


@pytest.mark.parametrize(
    "text", ["date;b\nx;0,5", "date,b\nx,0.5", 'date,b\nx,"0,5"', "date\tb\nx\t0,5", " Date ; B \n x ; ,5 "]
)
def test_decimal_commas_and_headers_in_any_dress(text):
    assert values_of(text) == [0.5]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("1", 1.0),
        ("-1,5", -1.5),
        ("+.5e-1", 0.05),
        ("5.", 5.0),
        (2, 2.0),
        (0.5, 0.5),
        ("", None),
        ("NA", None),
        ("NaN", None),
        (None, None),
    ],
)
def test_numbers_and_missing_values(cell, expected):
    assert number(cell, line=1, column="a") == expected


@pytest.mark.parametrize(
    "cell",
    ["a", "1.234,5", "1,234.5", "1 000", "1_0", "inf", "٣x", "1e999", float("inf"), float("nan"), True, [], "1" * 400],
)
def test_what_is_no_number_is_refused_with_its_place(cell):
    with pytest.raises(TableError, match=r"line 7, column 'a': .* is not a number"):
        number(cell, line=7, column="a")


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("", "line 1: the table is empty"),
        ("\n\n", "line 2: the table is empty|line 1: the table is empty"),
        ("a;;b\n", "line 1: column 2 has no name"),
        ("a;b; A\n", "line 1, column 'a': there are two columns"),
        ("a;b\n1;2\n\n1;2;3\n", "line 4: there are 3 cells, the header has 2"),
        ("a;b\n1\n", "line 2: there are 1 cells"),
        ('a;b\n1;"2\n', "line 2: unexpected end of data"),
        ("a;b\n1;" + "2" * 200_000, "line 2: field larger than field limit"),
        ("a;b\n1;é\n".encode("latin-1"), "line 2: byte 7 of the file .0xE9. is not UTF-8; save the table as 'CSV"),
        ("a;b\n1;é".encode("latin-1"), "line 2: byte 7 of the file .0xE9. is not UTF-8"),
        ("\ufeffa;b\n1;2é".encode()[:-1], "line 2: byte 11 of the file .0xC3. is not UTF-8"),
        ("a;b\n".encode("utf-16-le"), "line 1: byte 2 of the file .0x00. is not UTF-8"),
        ("a;b\n1;2\n".encode("utf-16")[:-1], "line 2: byte 17 of the file .0x0A. is not UTF-16"),
        ("a;b\n1;2".encode("utf-16") + b"\0\xd8", "line 2: byte 17 of the file .0x00. is not UTF-16"),
    ],
)
def test_what_is_no_table_is_refused_with_the_line(source, told):
    with pytest.raises(TableError, match=told):
        cells_of(read_table(source))


def test_a_missing_column_is_told_with_those_there_are():
    table = read_table("date;ratio\n")

    assert table.has("DATE")
    assert not table.has("date", "ratio_debout")
    with pytest.raises(TableError, match="there is no column 'ratio_debout'; the columns are date, ratio"):
        table.select("ratio_debout")


def test_rows_come_one_by_one_from_a_stream_without_end():
    class Endless(io.RawIOBase):
        def readable(self):
            return True

        def readinto(self, buffer):
            line = b"a;b\n"
            buffer[: len(line)] = line
            return len(line)

    table = read_table(io.BufferedReader(Endless()))

    assert [next(table.rows).line for _ in range(3)] == [2, 3, 4]


@given(cells, st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_the_text_of_a_file_is_read_whatever_its_encoding(text, encoding):
    assert text_of(text.encode(encoding), otherwise="cp1252") == text


def test_what_is_neither_is_read_as_said_or_told_with_its_byte():
    assert text_of("é".encode("cp1252"), otherwise="cp1252") == "é"
    with pytest.raises(TableError, match=r"line 2: byte 5 of the file .0x81. is not UTF-8"):
        text_of(b"a\n\xc3\x81\x81", otherwise="cp1252")

# ruff: noqa: E501, DTZ001 - wall-clock times are the subject; a table of cases reads best with one case a line
import csv
import gzip
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from core.ratios import Ratio
from core.readings import Posture, Span, Sums
from core.tabular import TableError
from core.timeline import from_ms, to_ms
from ingest.decoding import make_decoder
from ingest.importing import (
    BATCH_MS,
    BATCH_ROWS,
    Origin,
    PostureColumns,
    SampleColumns,
    read_posture,
    read_ratios,
    read_samples,
)

NOW = 1_750_000_000_000
LATER = 1_780_000_000_000
START = 1_740_000_000_000
PARIS = ZoneInfo("Europe/Paris")
ORIGIN = Origin("farm", PARIS, NOW)

decode = make_decoder(future_limit=timedelta(0), age_limit=None, aliases={})


def heard(messages):
    answers = [decode(message) for message in messages]
    return [(heard.collar.collar, heard.reading) for answer in answers for heard in answer]


def samples(messages):
    """Every sample as (collar, time, row), sorted."""
    return sorted(
        (collar, at, tuple(row))
        for collar, reading in heard(messages)
        for at, row in zip(reading.times, reading.xyz, strict=True)
    )


def written(folder, name, text):
    path = folder / name
    data = text.encode()
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


rows = st.lists(
    st.tuples(
        st.sampled_from(["a", "b"]), st.sampled_from([-1, 0, 1, 203, 9_999, 10_000]), st.sampled_from([0, 0.5, 1])
    ),
    max_size=8,
)


@settings(max_examples=60)
@given(rows=rows, name=st.sampled_from(["x.csv", "x.csv.gz", "x.parquet"]))
def test_every_sample_of_a_table_is_sent_once(tmp_path_factory, rows, name):
    at, table = START, []
    for collar, step, value in rows:
        at += step
        table.append((collar, at, value))
    path = tmp_path_factory.mktemp("import") / name
    if name.endswith(".parquet"):
        ids, times, values = zip(*table, strict=True) if table else ([], [], [])
        column = pa.array([from_ms(ms) for ms in times], pa.timestamp("ns", "UTC"))
        numbers = pa.array(values, pa.float32())
        parquet.write_table(
            pa.table({"id": pa.array(ids, pa.string()), "time": column, "x": numbers, "y": numbers, "z": numbers}), path
        )
    else:
        lines = [f"{collar};{from_ms(ms).isoformat()};{value};{value};{value}" for collar, ms, value in table]
        written(path.parent, name, "\n".join(["id;time;x;y;z", *lines]))

    messages = list(read_samples(path, ORIGIN, SampleColumns(axes=("x", "y", "z"))))

    assert samples(messages) == sorted((collar, ms, (value,) * 3) for collar, ms, value in table)
    for message in messages:
        assert message.received_at == NOW
        ((_, reading),) = heard([message])
        assert 0 <= max(reading.times) - reading.times[0] <= BATCH_MS
        assert len(reading.times) <= BATCH_ROWS


def test_rows_of_one_moment_do_not_fill_a_batch_for_ever(tmp_path):
    lines = [f"a,{from_ms(START).isoformat()},0,0,1"] * (2 * BATCH_ROWS + 1)
    path = written(tmp_path, "x.csv", "\n".join(["id,time,acc_fwd,acc_up,acc_right", *lines]))

    assert [len(reading.times) for _, reading in heard(read_samples(path, ORIGIN))] == [BATCH_ROWS, BATCH_ROWS, 1]


def test_rows_without_acceleration_are_left_out_and_a_collar_may_be_named(tmp_path):
    path = written(
        tmp_path, "x.csv", "time;acc_fwd;acc_up;acc_right\n26/10/2025 02:30;0,5;1;0\n26/10/2025 02:31;;1;0\n"
    )

    read = samples(read_samples(path, Origin("farm", PARIS, LATER, collar="kid")))

    assert read == [("kid", to_ms(datetime(2025, 10, 26, 0, 30, tzinfo=UTC)), (0.5, 1.0, 0.0))]


@pytest.mark.parametrize("minutes", [1, 15])
def test_sums_hold_until_the_next_full_step(tmp_path, minutes):
    path = written(
        tmp_path,
        "x.csv",
        "local_time,standing_s,lying_s,steps\n2020-04-30 11:14:47,0,13,4\n2020-04-30 11:15:00,60,0,0\n2020-04-30 11:45:00,,,\n",
    )

    read = heard(
        read_posture(path, Origin("farm", PARIS, NOW, collar="cow"), PostureColumns(step=timedelta(minutes=minutes)))
    )

    start = to_ms(datetime(2020, 4, 30, 9, 15, tzinfo=UTC))
    assert read == [
        ("cow", Sums(start - 13_000, start, 0, 13)),
        ("cow", Sums(start, start + minutes * 60_000, 60, 0)),
    ]


def test_sums_over_a_repeated_hour_do_not_overlap(tmp_path):
    first = datetime(2024, 10, 27, 0, 0, tzinfo=UTC)
    minutes = [first + timedelta(minutes=index) for index in range(180)]
    lines = [f"{at.astimezone(PARIS):%Y-%m-%d %H:%M:%S},60,0" for at in minutes]
    path = written(tmp_path, "x.csv", "\n".join(["local_time,standing_s,lying_s", *lines]))

    read = [reading for _, reading in heard(read_posture(path, Origin("farm", PARIS, NOW, collar="cow")))]

    assert [(span.t0, span.t1) for span in read] == [(to_ms(at), to_ms(at) + 60_000) for at in minutes]


def test_spans_are_sent_as_they_are(tmp_path):
    path = written(
        tmp_path,
        "x.csv",
        "id;t0;t1;Posture\na;2025-01-01T00:00Z;2025-01-01T01:00Z;Standing\nb;01/01/2025 01:00;01/01/2025 01:30;unknown\n",
    )

    start = to_ms(datetime(2025, 1, 1, tzinfo=UTC))
    assert heard(read_posture(path, ORIGIN)) == [
        ("a", Span(start, start + 3_600_000, Posture.STANDING)),
        ("b", Span(start, start + 1_800_000, Posture.UNKNOWN)),
    ]


@pytest.mark.parametrize("name", ["x.csv", "x.parquet"])
def test_ratios_come_from_csv_and_parquet_on_the_wall_clock(tmp_path, name):
    dates = [datetime(2025, 10, 26, 2, 0), datetime(2025, 10, 26, 2, 30), datetime(2025, 10, 26, 2, 0)]
    path = tmp_path / name
    if name == "x.csv":
        written(tmp_path, name, "date,ratio_debout\n" + "".join(f"{date},50\n" for date in dates))
    else:
        parquet.write_table(pa.table({"date": pa.array(dates, pa.timestamp("ms")), "ratio_debout": [50, 50, 50]}), path)

    read = list(read_ratios(path, PARIS, unit="percent"))

    first = datetime(2025, 10, 26, 0, 0, tzinfo=UTC)
    assert read == [Ratio(first + timedelta(minutes=minutes), 0.5) for minutes in (0, 30, 60)]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("id,time\na,2025-01-01\n", "there is no column 'acc_fwd'; the columns are id, time"),
        ("id,time,acc_fwd,acc_up,acc_right\na b,2025-01-01,0,0,1\n", "line 2, column 'id': 'a b' is no collar id"),
        ("id,time,acc_fwd,acc_up,acc_right\na,2025-01-01,0,x,1\n", "line 2, column 'acc_up': 'x' is not a number"),
        ("id,time,acc_fwd,acc_up,acc_right\na,2026-03-29 02:00,0,0,1\n", "line 2, column 'time': .*does not exist"),
        ("id,time,acc_fwd,acc_up,acc_right\na,2025-01-01,0,0,1000\n", r"line 2: .*xyz\[0\]\[2\] is 1000.* <= 32"),
        ("id,time,acc_fwd,acc_up,acc_right\na,2099-01-01,0,0,1\n", "line 2: .*is later than"),
    ],
)
def test_samples_that_are_wrong_are_refused_with_their_place(tmp_path, text, told):
    with pytest.raises(TableError, match=told):
        list(read_samples(written(tmp_path, "x.csv", text), ORIGIN))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("id,t0,t1,posture\na,2025-01-01,2025-01-02,asleep\n", "line 2, column 'posture': 'asleep' is none of"),
        ("id,t0,t1,posture\na,2025-01-02,2025-01-01,lying\n", "line 2: .*is not before"),
        ("id,local_time,standing_s,lying_s\na,2025-01-01,30.5,0\n", "column 'standing_s': 30.5 is not a whole number"),
        ("id,local_time,standing_s,lying_s\na,2025-01-01,30,31\n", "line 2: .*more than the 60 s"),
        ("id,local_time\n", "there is no column 'standing_s'"),
    ],
)
def test_postures_that_are_wrong_are_refused_with_their_place(tmp_path, text, told):
    with pytest.raises(TableError, match=told):
        list(read_posture(written(tmp_path, "x.csv", text), ORIGIN))


def test_damaged_files_are_refused(tmp_path):
    lines = "".join(f"2025-01-01T{index // 60:02}:{index % 60:02},0.{index}\n" for index in range(1440))
    whole = gzip.compress(("date,ratio_debout\n" + lines).encode())
    for name, data in [("x.csv.gz", whole[: len(whole) // 2]), ("y.csv.gz", b"no gzip"), ("z.parquet", b"no parquet")]:
        (tmp_path / name).write_bytes(data)
        with pytest.raises(TableError, match=r"the gzip file is damaged|no Parquet file"):
            list(read_ratios(tmp_path / name, UTC))


def test_progress_ends_at_the_whole_file(tmp_path):
    lines = [f"{from_ms(START + 1000 * index).isoformat()},0.5" for index in range(25_000)]
    path = written(tmp_path, "x.csv", "\n".join(["date,ratio_debout", *lines]))
    told = []

    assert len(list(read_ratios(path, UTC, progress=lambda read, total: told.append((read, total))))) == 25_000

    size = path.stat().st_size
    assert told == sorted(told)
    assert len(told) == 3
    assert told[-1] == (size, size)
    assert {total for _, total in told} == {size}


@pytest.mark.recordings
def test_real_recordings_arrive_whole(recordings):
    leg, minutes = recordings / "leg_accelerometer_5hz_2cows.csv.gz", recordings / "leg_posture_minutes_1cow.csv.gz"
    with gzip.open(leg, "rt") as file:
        expected = sorted(
            (
                row["id"],
                to_ms(datetime.fromisoformat(row["time"])),
                tuple(float(row[axis]) for axis in ("acc_fwd", "acc_up", "acc_right")),
            )
            for row in csv.DictReader(file)
        )
    with gzip.open(minutes, "rt") as file:
        sums = [(int(row["standing_s"]), int(row["lying_s"])) for row in csv.DictReader(file)]

    assert samples(read_samples(leg, ORIGIN)) == expected
    read = [reading for _, reading in heard(read_posture(minutes, Origin("farm", PARIS, NOW, collar="cow")))]
    assert [(reading.standing_s, reading.lying_s) for reading in read] == sums
    assert read[0].t1 - read[0].t0 == 13_000


def test_parquet_is_paid_for_only_when_it_is_read_and_never_with_pandas(tmp_path):
    path = tmp_path / "x.parquet"
    dates = pa.array([datetime(2025, 1, 1), datetime(2025, 1, 2)], pa.timestamp("ns"))
    parquet.write_table(pa.table({"date": dates, "ratio_debout": [0.5, None]}), path)
    program = f"""
import sys
from datetime import UTC
from pathlib import Path
from ingest.importing import read_ratios
assert "pyarrow" not in sys.modules
assert [ratio.ratio for ratio in read_ratios(Path({str(path)!r}), UTC)] == [0.5, None]
assert "pandas" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[2])

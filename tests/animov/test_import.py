"""Imports give the rows that the collars' own messages would have given, whatever is in the way."""

import asyncio
import csv
import gzip
import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from animov import importing
from animov.accuracy import accuracy_table
from animov.importing import BrokenOffError, take_in
from core.errors import AnimovError
from core.readings import CollarName, Message
from core.settings import Settings
from core.timeline import to_ms
from ingest.decoding import posture_payload, topic_of
from storage.upkeep.provision import Access

START = datetime(2026, 3, 1, tzinfo=UTC)


def write(path, header, rows):
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def minutes(count, start=START, *, standing_s=20):
    return [
        f"{start + timedelta(minutes=minute):%Y-%m-%dT%H:%M:%SZ},{standing_s},{60 - standing_s}"
        for minute in range(count)
    ]


def ratios(days, *, start=START, step_min=15, ratio=lambda _slot: 0.5):
    slots = range(days * 1440 // step_min)
    return [f"{start + timedelta(minutes=step_min * slot):%Y-%m-%dT%H:%M:%SZ},{ratio(slot)}" for slot in slots]


def rows(url, query):
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchall()


WINDOWS = """
SELECT f.name, a.name, w.bucket, w.known_s, w.standing_s, w.standing_ratio
FROM posture_window w JOIN animal a ON a.id = w.animal_id JOIN farm f ON f.id = a.farm_id ORDER BY 1, 2, 3
"""


def test_each_id_of_a_file_is_a_collar_and_an_animal_in_its_group(node, tmp_path, database_url):
    times = [f"2026-03-01T00:00:{second:02}Z" for second in range(60)]
    lines = [f"{one},{at},0,{up},0" for at in times for one, up in (("a", 1), ("b", 0))]
    path = tmp_path / "s.csv.gz"
    path.write_bytes(gzip.compress("\n".join(["id,time,acc_fwd,acc_up,acc_right", *lines]).encode()))

    done = node("import", "samples", path, "--farm", "barn", "--group", "g")

    assert done.code == 0
    assert "12 messages of 2 collars, 0 of them rejected" in done.out
    found = rows(database_url, WINDOWS)
    assert [(row[1], row[3], row[4]) for row in found] == [("a", 60, 60), ("b", 60, 0)]
    assert rows(database_url, "SELECT count(*), count(DISTINCT group_id) FROM membership") == [(2, 1)]


def test_a_file_imported_twice_changes_nothing(node, tmp_path, database_url):
    path = write(tmp_path / "p.csv", "local_time,standing_s,lying_s", minutes(40))
    words = ("import", "posture", path, "--collar", "tag", "--animal", "Brune", "--json")

    first = json.loads(node(*words).out)
    before = rows(database_url, WINDOWS)
    second = json.loads(node(*words).out)

    assert first == second
    assert first["animals"] == [{"animal": "Brune", "windows": 3, "ratios": 3, "known_s": 2400, "standing_s": 800}]
    assert rows(database_url, WINDOWS) == before


def test_without_an_animal_named_what_is_known_of_a_collar_stays(node, tmp_path, database_url):
    path = write(tmp_path / "s.csv", "time,acc_fwd,acc_up,acc_right", ["2026-03-01T00:00:00Z,0,1,0"])
    node("collar", "add", "farm/tag", "--mount", "leg", "--axes", "up,fwd,right", "--animal", "Brune")

    done = node("import", "samples", path, "--collar", "tag", "--columns", "acc_fwd,acc_up,acc_right")

    assert done.code == 0
    assert [(row[1], row[4]) for row in rows(database_url, WINDOWS)] == [("Brune", 0)]  # 0 is up: it lies
    refused = node("import", "samples", path, "--collar", "tag", "--group", "g")
    assert refused.code == 1
    assert "name the animal with --animal" in refused.err


def test_one_animal_does_not_wear_the_collars_of_many(node, tmp_path):
    path = write(tmp_path / "p.csv", "id,local_time,standing_s,lying_s", [f"{one},{minutes(1)[0]}" for one in "ab"])

    refused = node("import", "posture", path, "--animal", "Brune")

    assert refused.code == 1
    assert "the file holds a and b, and --animal names one animal" in refused.err


def test_a_file_without_ids_asks_whose_it_is(node, tmp_path):
    path = write(tmp_path / "p.csv", "local_time,standing_s,lying_s", minutes(1))

    refused = node("import", "posture", path)

    assert refused.code == 1
    assert "say whose it is with --collar" in refused.err


def test_what_comes_before_a_bad_line_is_in(node, tmp_path, database_url):
    path = write(tmp_path / "p.csv", "local_time,standing_s,lying_s", [*minutes(300), "soon,0,60"])

    stopped = node("import", "posture", path, "--collar", "tag")

    assert stopped.code == 1
    (line,) = stopped.err.splitlines()
    assert "line 302, column 'local_time': 'soon' is not a date" in line
    assert "the 300 messages before it are in" in line
    assert rows(database_url, "SELECT sum(standing_s) FROM posture_window") == [(300 * 20,)]


def test_nothing_admitted_is_a_failure_that_says_why(node, tmp_path, monkeypatch):
    path = write(tmp_path / "p.csv", "local_time,standing_s,lying_s", minutes(5))
    monkeypatch.setenv("ANIMOV_AGE_LIMIT", "P1D")

    refused = node("import", "posture", path, "--collar", "tag")

    assert (refused.code, refused.out) == (1, "")
    assert "nothing was admitted: time 2026-03-01T00:0" in refused.err
    assert {one["code"] for one in json.loads(node("rejected", "list", "--json").out)} == {"too_old"}


def test_what_was_rejected_is_counted_with_its_reason(node, tmp_path, monkeypatch):
    recent = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(hours=1)
    path = write(tmp_path / "p.csv", "local_time,standing_s,lying_s", [*minutes(5), *minutes(5, recent)])
    monkeypatch.setenv("ANIMOV_AGE_LIMIT", "P1D")

    done = json.loads(node("import", "posture", path, "--collar", "tag", "--json").out)

    assert (done["messages"], done["admitted"]) == (10, 5)
    assert [(reason["code"], reason["messages"]) for reason in done["reasons"]] == [("too_old", 5)]


def test_a_table_without_rows_brings_nothing(node, tmp_path):
    path = write(tmp_path / "p.csv", "local_time,standing_s,lying_s", [])

    assert "holds no data" in node("import", "posture", path, "--collar", "tag").err


def test_ratios_become_windows_and_gaps_stay_gaps(node, tmp_path, database_url):
    lines = ["01/03/2026 00:00;25,5", "01/03/2026 00:15;", "01/03/2026 00:30;100", "01/03/2026 01:00;0"]
    path = write(tmp_path / "Brune.csv", "date;ratio_debout", lines)

    done = node("import", "ratios", path, "--unit", "percent", "--zone", "Etc/GMT-1")

    assert done.code == 0
    found = [(animal, at, known, round(ratio, 5)) for _, animal, at, known, _, ratio in rows(database_url, WINDOWS)]
    midnight = datetime(2026, 2, 28, 23, tzinfo=UTC)
    assert found == [
        ("Brune", midnight, 900, round(230 / 900, 5)),  # 229.5 seconds: to the even one
        ("Brune", midnight + timedelta(minutes=30), 900, 1.0),
        ("Brune", midnight + timedelta(minutes=60), 900, 0.0),
    ]
    assert rows(database_url, "SELECT name FROM collar") == [("ratios-Brune",)]


def test_an_hour_of_ratio_is_four_windows_of_it(node, tmp_path, database_url):
    path = write(tmp_path / "r.csv", "date,ratio_debout", ratios(1, step_min=60, ratio=lambda _slot: 0.25))

    node("import", "ratios", path, "--animal", "Brune")

    assert [(known, standing) for *_, known, standing, _ in rows(database_url, WINDOWS)] == [(900, 225)] * 96


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        pytest.param(
            "2026-03-01T01:07:00Z,0.5", "line 5, column 'date': 2026-03-01 01:07:00 UTC is no whole", id="step"
        ),
        pytest.param(
            "2026-03-01T01:00:00Z,34", "line 5, column 'ratio_debout': 34 is not between 0 and 1", id="percent"
        ),
        pytest.param("2026-03-01T00:15:00Z,0.5", "line 5, column 'date': 2026-03-01", id="backwards"),
    ],
)
def test_a_bad_line_of_ratios_is_named_and_nothing_comes_in(node, tmp_path, database_url, bad, why):
    path = write(
        tmp_path / "r.csv",
        "date,ratio_debout",
        ["2026-03-01T00:00:00Z,0.5", *(f"2026-03-01T00:{minute}:00Z,0.5" for minute in (15, 30)), bad],
    )

    refused = node("import", "ratios", path)

    assert refused.code == 1
    assert why in refused.err
    assert rows(database_url, WINDOWS) == []


def test_a_week_of_windows_is_back_tested_and_less_is_not(node, tmp_path, database_url):
    week = ratios(8, ratio=lambda slot: 0.2 if slot % 96 < 40 else 0.8 - 0.1 * (slot % 3))
    whole = write(tmp_path / "whole.csv", "date,ratio_debout", week)
    part = write(tmp_path / "part.csv", "date,ratio_debout", week[: 6 * 96])

    assert "RMSE" not in node("import", "ratios", part, "--farm", "part").out
    assert "RMSE" not in node("import", "ratios", whole, "--farm", "whole", "--no-backtest").out
    found = json.loads(node("import", "ratios", whole, "--farm", "whole", "--json").out)["accuracy"]

    (herd,) = found
    assert herd["origins"] == -(-8 * 96 // 3 // 37)  # every 37 slots over the last third
    assert [band["band"] for band in herd["bands"]] == ["1-4", "5-24", "25-96", "97-192"]
    assert all(band["model"] < band["mean"] for band in herd["bands"])
    assert rows(database_url, "SELECT count(*), bool_and(backtest) FROM forecast") == [(herd["origins"], True)]


def test_a_table_of_accuracy_has_a_line_a_band_and_shows_what_is_not_known():
    figures = dict.fromkeys(("model", "persistence", "mean", "seasonal_naive", "mean_14d", "coverage80"), 0.12345)

    lines = accuracy_table([{"band": "1-4", **figures, "coverage95": None}]).splitlines()

    assert [line.split() for line in lines] == [
        ["band", *figures, "coverage95"],
        ["1-4", *["0.123"] * 6, "-"],
    ]


def stream_of(count, read):
    """Messages of one collar, counting in `read` how many were asked for."""
    topic = topic_of(CollarName("farm", "tag"), "posture")
    for number in range(count):
        read.append(number)
        t0 = to_ms(START) + 1000 * number
        yield Message(topic, to_ms(START), posture_payload(t0, t0 + 1000, "standing"))


def take(url, messages, onboard=lambda _name: None, **limits):
    access = Access(url, url, url)
    return asyncio.run(take_in(access, Settings(future_limit=timedelta(days=1)), messages, onboard, **limits))


@pytest.mark.parametrize("most_unsettled", [1, 450])
def test_a_file_is_read_no_further_than_the_database_follows(database_url, monkeypatch, most_unsettled):
    """What was read and is not settled stays below the limit and one handful, at every moment."""
    read, settled, ahead = [], [0], []
    counted = importing._Ahead._settle

    def settle(self, messages, size):
        ahead.append(len(read) - settled[0])
        settled[0] += messages
        counted(self, messages, size)

    monkeypatch.setattr(importing._Ahead, "_settle", settle)

    taken = take(database_url, stream_of(3000, read), most_unsettled=most_unsettled)

    assert (taken.messages, settled[0]) == (3000, 3000)
    assert max(ahead) < most_unsettled + 2 * importing.TOGETHER
    assert rows(database_url, "SELECT sum(bit_count(standing)) FROM evidence") == [(3000,)]


def test_a_collar_that_is_refused_ends_the_import_and_keeps_what_came_before(database_url):
    def refuse(_name):
        raise AnimovError("no")

    def then_fail():
        yield from stream_of(10, [])
        raise AnimovError("torn")

    with pytest.raises(AnimovError, match=r"^no$"):
        take(database_url, stream_of(10, []), refuse)
    with pytest.raises(BrokenOffError, match=r"^torn; the 10 messages before it are in"):
        take(database_url, then_fail())
    assert rows(database_url, "SELECT sum(bit_count(standing)) FROM evidence") == [(10,)]


@pytest.mark.recordings
def test_leg_recordings_give_the_golden_shares(node, recordings):
    done = node("import", "samples", recordings / "leg_accelerometer_5hz_2cows.csv.gz", "--mount", "leg", "--json")

    shares = {one["animal"]: one["standing_s"] / one["known_s"] for one in json.loads(done.out)["animals"]}
    assert shares == {"cow01": pytest.approx(0.592, abs=0.003), "cow02": pytest.approx(0.615, abs=0.003)}


@pytest.mark.recordings
def test_every_full_window_of_the_minutes_holds_the_file_s_own_sums(node, recordings, database_url):
    path = recordings / "leg_posture_minutes_1cow.csv.gz"

    done = node("import", "posture", path, "--collar", "icetag", "--zone", "Etc/GMT-1", "--json")

    sums, rows_in = defaultdict(int), defaultdict(int)
    with gzip.open(path, "rt") as source:
        for row in csv.DictReader(source):
            at = datetime.fromisoformat(row["local_time"]).replace(tzinfo=UTC) - timedelta(hours=1)
            bucket = at - timedelta(minutes=at.minute % 15, seconds=at.second)
            sums[bucket] += int(row["standing_s"])
            rows_in[bucket] += at.second == 0
    full = {bucket: sums[bucket] for bucket, count in rows_in.items() if count == 15}
    found = {bucket: standing for _, _, bucket, _, standing, _ in rows(database_url, WINDOWS)}
    assert len(full) > 1500
    assert {bucket: found.get(bucket) for bucket in full} == full
    accuracy = json.loads(done.out)["accuracy"]
    assert accuracy[0]["origins"] == 8
    assert all(band["model"] < band["persistence"] for band in accuracy[0]["bands"])

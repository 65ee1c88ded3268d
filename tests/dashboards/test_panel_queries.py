"""Whatever a dashboard asks is answered to a farm's reader: in the shape its panel needs, and of its farm alone."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import psycopg
import pytest

from core.errors import ConflictError, NotFoundError
from dashboards.asking import everything, first_chosen
from dashboards.boards import all_boards
from dashboards.expanding import expanded
from dashboards.panels import Outlet
from storage.access.readers import make_reader_of, own_reader, reads

NOBODYS = {"farm": "", "group": "", "animal": "", "ahead": 24}
"""Before anything was chosen: a variable without values is empty."""


def chosen(reader, farm):
    """Values of the variables, each the first that its query tells, with those chosen before it."""
    values = first_chosen(lambda sql: reader.execute(sql).fetchall())
    assert set(values) == {"farm", "group", "animal", "ahead"}
    return values


@pytest.fixture
def span(now):
    return now - timedelta(hours=48), now + timedelta(hours=24)


def shown(reader, sql, span, values):
    cursor = reader.execute(expanded(sql, *span, values))
    return (
        [column.name for column in cursor.description],
        [column.type_code for column in cursor.description],
        cursor.fetchall(),
    )


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_query_answers_in_the_shape_that_it_is_shown_in(reader, farms, span, language):
    values = chosen(reader, farms[0])
    empty = set()
    for name, kind, sql in everything(language):
        columns, types, rows = shown(reader, sql, span, values)
        if not rows:
            empty.add(name)
        assert len(columns) == len(set(columns)), name
        if kind in {"time_series", "mark", "rule"}:
            assert columns[0] == "time", name
            assert types[0] == psycopg.adapters.types["timestamptz"].oid, name
            assert [row[0] for row in rows] == sorted(row[0] for row in rows), name
        if kind == "mark":
            assert "text" in columns, name
        if kind == "variable":
            assert columns == ["__text", "__value"], name
        if kind == "rule":
            assert columns[-1] == "value", name
            assert {type(row[-1]) for row in rows} == {float}, name
    assert empty == {"home/4A", "system/9A"}  # no collar is silent; nobody asked for work


def test_columns_that_are_shown_by_name_are_there(reader, farms, span):
    values = chosen(reader, farms[0])
    for name, board in all_boards(Outlet("fr")).items():
        for panel in board["panels"]:
            there = {column for query in panel["targets"] for column in shown(reader, query["rawSql"], span, values)[0]}
            named = {one["matcher"]["options"] for one in panel["fieldConfig"]["overrides"]}
            assert named <= there, (name, panel["title"])


def test_nothing_is_told_of_another_farm(reader, farms, span):
    values = chosen(reader, farms[0])
    for name, _, sql in everything("fr"):
        told = str(shown(reader, sql, span, values)[2])
        assert farms[1] not in told, name


def test_asked_for_another_farm_nothing_is_answered(reader, farms, herds_url, span):
    with psycopg.connect(herds_url) as connection:
        theirs = {
            "farm": connection.execute("SELECT id FROM farm WHERE name = %s", (farms[1],)).fetchone()[0],
            "group": connection.execute("SELECT max(id) FROM animal_group").fetchone()[0],
            "animal": connection.execute("SELECT max(id) FROM animal").fetchone()[0],
            "ahead": 24,
        }
    for values in (theirs, NOBODYS):
        for name, kind, sql in everything("fr"):
            if "${" in sql:
                assert shown(reader, sql, span, values)[2] == [], (name, kind)


def test_an_adviser_sees_the_farms_of_the_reader_worst_first_and_no_others(herds_url, farms):
    name = f"valley-{farms[0].split('-')[1]}"
    for seen in (farms, farms[:1]):
        with psycopg.connect(
            make_reader_of(herds_url, name, seen, "a-password", actor="ada"), autocommit=True
        ) as adviser:
            rows = adviser.execute(
                "SELECT farm, groups, outside, urgent, alerts, silent, ratio FROM panel.farms_now()"
            ).fetchall()
            assert {row[0] for row in rows} == set(seen)
            assert {row[1:] for row in rows} == {(1, 1, 1, 2, 0, 0.5)}
            assert adviser.execute("SELECT name FROM panel.farm").rowcount == len(seen)
    assert reads(herds_url, name) == {farms[0]}
    assert own_reader(herds_url, farms[1]) is None
    with pytest.raises(NotFoundError):
        make_reader_of(herds_url, name, ["nowhere"], "a-password", actor="ada")


def test_a_farm_with_an_urgent_alert_is_told_before_the_others(herds_url, farms):
    with psycopg.connect(herds_url) as connection:
        connection.execute(
            "UPDATE alert SET judgement = 'dismissed', note = 'x' WHERE farm_id = 1 AND severity = 'critical'"
        )
        connection.commit()
        url = make_reader_of(herds_url, f"valley-{farms[0].split('-')[1]}", farms, "a-password", actor="ada")
        with psycopg.connect(url) as adviser:
            told = adviser.execute("SELECT farm, urgent FROM panel.farms_now()").fetchall()
        connection.execute("UPDATE alert SET judgement = NULL, note = '' WHERE severity = 'critical'")

    assert told == [(farms[1], 1), (farms[0], 0)]


def test_the_role_of_a_farm_is_not_taken_for_several(herds_url, farms, reader):
    with pytest.raises(ConflictError):
        make_reader_of(herds_url, farms[0], farms, "a-password", actor="ada")


def test_nights_are_those_of_the_almanac(reader, farms, now):
    from astral import Observer  # noqa: PLC0415
    from astral.sun import sunrise, sunset  # noqa: PLC0415

    farm = chosen(reader, farms[0])["farm"]
    nights = reader.execute("SELECT * FROM panel.nights(%s, %s, %s)", (farm, now - timedelta(days=20), now)).fetchall()
    place = Observer(47.5, 0.7)

    assert 20 <= len(nights) <= 21
    for set_, rise in nights:
        assert abs(set_ - sunset(place, set_.date())) < timedelta(minutes=3)
        assert abs(rise - sunrise(place, rise.date())) < timedelta(minutes=3)


def test_a_hole_is_rows_of_null(reader, farms, span, hole):
    values = chosen(reader, farms[0])
    for name, panel in (("group", "group_line"), ("collars", "messages"), ("group", "group_line")):
        (sql,) = {
            query["rawSql"]
            for one in all_boards(Outlet("fr"))[name]["panels"]
            for query in one["targets"]
            if f"panel.{panel}(" in query["rawSql"]
        }
        rows = shown(reader, sql, span, values)[2]
        within = [row[1] for row in rows if hole[0] <= row[0] < hole[1]]
        assert within, panel
        assert set(within) == {None}, panel
        assert [row[1] for row in rows if row[0] < hole[0]].count(None) <= 1, panel


def test_a_year_is_shown_by_days_and_months_by_hours(reader, farms, now, hole):
    group = chosen(reader, farms[0])["group"]
    for days, step in ((2, timedelta(minutes=15)), (30, timedelta(hours=1)), (300, timedelta(days=1))):
        rows = reader.execute(
            "SELECT * FROM panel.group_line(%s, %s, %s)", (group, now - timedelta(days=days), now)
        ).fetchall()
        steps = {after[0] - before[0] for before, after in pairwise(rows)}
        assert steps <= {step, step + timedelta(hours=1), step - timedelta(hours=1)}, days
        assert step in steps
        assert {row[1] for row in rows} - {None} == {0.5}
        assert rows[-1][0] <= now


def test_weather_is_that_of_the_last_forecast_before_each_hour(reader, farms, now, herds_url):
    farm = chosen(reader, farms[0])["farm"]
    with psycopg.connect(herds_url) as connection:
        issued = connection.execute(
            "SELECT issued_at, first_hour, temperature FROM weather_forecast WHERE farm_id = %s ORDER BY 1", (farm,)
        ).fetchall()
    for span in (
        (now - timedelta(days=60), now + timedelta(days=2)),
        (now - timedelta(days=3), now - timedelta(days=2)),
    ):
        rows = reader.execute("SELECT time, temperature FROM panel.weather(%s, %s, %s)", (farm, *span)).fetchall()
        assert [row[0] for row in rows] == [
            span[0].replace(minute=0) + timedelta(hours=n)
            for n in range(int((span[1] - span[0].replace(minute=0)) / timedelta(hours=1)) + 1)
        ]
        for at, told in rows:
            known = [one for one in issued if one[0] <= min(at, now)]
            assert told == (known[-1][2][int((at - known[-1][1]) / timedelta(hours=1))] if known else None), at


def test_beyond_two_weeks_forecasts_and_cycles_are_told_by_hours(reader, farms, now):
    values = chosen(reader, farms[0])
    for days, step, longest in ((2, timedelta(minutes=15), 0), (60, timedelta(hours=1), 45)):
        issued = reader.execute(
            "SELECT * FROM panel.group_issued(%s, %s, %s, 24)", (values["group"], now - timedelta(days=days), now)
        ).fetchall()
        cycles = reader.execute(
            "SELECT * FROM panel.cycles(%s, %s, %s)", (values["farm"], now - timedelta(days=days), now)
        ).fetchall()
        for rows in (issued, cycles):
            assert {after[0] - before[0] for before, after in pairwise(rows)} == {step}
        assert {row[1] for row in issued if row[0] > now - timedelta(days=2)} == {0.5}
        whole = [row[1] for row in cycles if now - timedelta(hours=20) < row[0] < now - timedelta(hours=2)]
        assert min(whole) == longest
        assert max(whole) == 45


def test_flushes_are_told_of_all_processes_by_minutes_beyond_two_days_by_quarters(reader, now, hole):
    for days, step in ((2, timedelta(minutes=1)), (10, timedelta(minutes=15)), (30, timedelta(minutes=15))):
        rows = reader.execute("SELECT * FROM panel.flushes(%s, %s)", (now - timedelta(days=days), now)).fetchall()
        assert {after[0] - before[0] for before, after in pairwise(rows)} == {step}
        assert {row[1:] for row in rows if hole[0] <= row[0] < hole[1]} == {(None, None, None)}
        told = [row[1:] for row in rows if hole[1] <= row[0]]
        assert told
        assert told == [pytest.approx((0.2, 0.4, 3.0))] * len(told)
        assert now - 2 * step < rows[-1][0] <= now - step
        assert rows[0][0] > now - timedelta(days=min(days, 14)) - step


def test_flushes_are_told_to_readers_alone(herds_url, now):
    with psycopg.connect(herds_url) as connection:
        assert connection.execute("SELECT FROM flush_minute").rowcount > 0
        told = connection.execute("SELECT * FROM panel.flushes(%s, %s)", (now - timedelta(hours=1), now)).fetchall()
    assert told == []


def test_the_timeline_tells_standing_lying_unknown_and_no_data_apart(reader, farms, now, hole):
    animal = chosen(reader, farms[0])["animal"]
    told = dict(
        reader.execute(
            "SELECT * FROM panel.animal_timeline(%s, %s, %s)", (animal, hole[0] - timedelta(hours=1), now)
        ).fetchall()
    )

    assert set(told.values()) == {"standing", "lying", "unknown", "no_data"}
    assert {state for at, state in told.items() if hole[0] <= at < hole[1]} == {"no_data"}
    assert min(told) == hole[0] - timedelta(hours=1)
    assert told[datetime(2026, 6, 15, 8, tzinfo=UTC)] == "unknown"  # windows, but no bout
    assert max(told) < now


def test_bouts_of_a_span_are_those_that_begin_in_it(reader, farms, now):
    animal = chosen(reader, farms[0])["animal"]
    span = now - timedelta(hours=30), now - timedelta(hours=25)
    rows = reader.execute("SELECT * FROM panel.animal_bouts(%s, %s, %s)", (animal, *span)).fetchall()

    assert len(rows) == 10
    assert all(span[0] <= row[0] < span[1] for row in rows)
    assert {row[3] for row in rows} == {30.0}


def test_a_group_is_told_with_its_animals_and_how_far_outside_its_band_it_is(reader, farms, now):
    farm = chosen(reader, farms[0])["farm"]
    (row,) = reader.execute(
        'SELECT "group", at, ratio, known, animals, low, high, outside, today, week, alerts FROM panel.groups_now(%s)',
        (farm,),
    ).fetchall()

    assert row[:5] == (f"{farms[0]} dairy", datetime(2026, 6, 15, 11, 45, tzinfo=UTC), 0.5, 3, 3)
    assert row[5:8] == pytest.approx((0.55, 0.65, -0.05), abs=1e-6)
    assert row[8:] == (0.5, 0.5, 1)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM panel.alert",
        "UPDATE panel.farm SET title = 'mine'",
        "INSERT INTO panel.journal (note) VALUES ('mine')",
        "SELECT FROM public.raw_pack",
        "SELECT FROM public.flush_minute",
        "SELECT animov_jobs()",
    ],
)
def test_it_writes_nothing_and_reads_no_table(reader, statement):
    reader.execute("SET default_transaction_read_only = off")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        reader.execute(statement)


def test_panels_ask_the_schema_panel_alone():
    for language in ("fr", "en"):
        for name, _, sql in everything(language):
            tables = [word for clause in ("FROM ", "JOIN ", "LATERAL ") for word in sql.split(clause)[1:]]
            for word in tables:
                first = word.split()[0].lstrip("(")
                assert first.startswith(("panel.", "told", "LATERAL", "SELECT")), (name, first)
            assert " now()" not in sql, name

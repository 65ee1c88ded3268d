"""A farm leaves with all that there is of it, as the export says it, and nothing else does: looked for everywhere."""

import asyncio
import csv
import io
import json
import os
import zipfile
from functools import partial
from hashlib import sha256

import pytest
from sqlalchemy import text

from animov.edge import decoder_for
from api.forms.closing import ClosingResponse
from core.delivery import Batch
from core.readings import Message
from core.settings import Settings
from forecast.life.forgetting import EXPERIMENTS, finish_deletions
from forecast.life.registry import FARM, MODEL, open_registry
from forecast.life.tracking import track
from storage.access import users
from storage.herds import herd
from storage.leaving import exporting
from storage.modelling import tracking
from storage.schema.farm_tables import KEPT_BACK, OF_FARM, OF_PEOPLE, OF_THE_NODE, SHOWN_BY
from stream.runner import Runner, running

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # MLflow's own, of SQLAlchemy

LEAVING, STAYING = "zq-leaving", "zq-staying"
GONE, KEPT = "zq-gone", "zq-kept"
"""The same of farms of which one is deleted."""

NOW = "2026-07-01T12:00:00Z"

OWN = {
    "farm": ":farm",
    "animal": "(SELECT min(id) FROM animal WHERE farm_id = :farm)",
    "collar": "(SELECT min(id) FROM collar WHERE farm_id = :farm)",
    "series": "(SELECT min(id) FROM series WHERE farm_id = :farm)",
    "alert": "(SELECT min(id) FROM alert WHERE farm_id = :farm)",
    "channel": "(SELECT min(id) FROM notice_channel WHERE farm_id = :farm)",
    "model": "(SELECT min(id) FROM model WHERE farm_id = :farm)",
}
ROWS = [  # what no code of the other fixtures has put there
    (
        "calibration (collar_id, generation, effective_from, mount, axes, parameters) VALUES"
        " ({collar}, 0, '-infinity', 'leg', 'fwd,up,right', jsonb_build_object('by', {mark}))"
    ),
    "device_alias (device, collar_id) VALUES ('tts:{name}', {collar})",
    "collar_status (collar_id, at, firmware) VALUES ({collar}, {now}, {mark})",
    "battery_day VALUES ({collar}, {now}, 3.6)",
    "motion VALUES ({collar}, {now}, 1, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0)",
    "notice_rule (farm_id, language, critical_anytime) VALUES ({farm}, 'fr', true)",
    (
        "notification (channel_id, at, made_at, digest, subject, body) VALUES"
        " ({channel}, {now}, {now}, false, {mark}, {mark})"
    ),
    "notice (alert_id, event, channel_id) VALUES ({alert}, 'opened', {channel})",
    (
        "animal_day (animal_id, day, start, day_s, received_s, known_s, ordered_s, standing_s, lying_s, until,"
        " inferred) VALUES ({animal}, {now}, {now}, 86400, 2, 2, 2, 1, 1, {now}, false)"
    ),
    "bout VALUES ({animal}, '2026-06-30Z', {now}, true, false, false)",
    (
        "animal_state (animal_id, since, state, reason, looked_at, peak, days) VALUES"
        " ({animal}, {now}, 'normal', '', {now}, 0, 9)"
    ),
    "series_day VALUES ({series}, '2026-07-01Z', array_fill(0.5::real, ARRAY[96]))",
    "series_hour VALUES ({series}, {now}, 2, 2, 1)",
    "band_calibration VALUES ({series}, {now}, 'x', '{{1,1,1,1}}', '{{1,1,1,1}}')",
    "watched_window (series_id, target, issued_at, mean, lower95, upper95) VALUES ({series}, {now}, {now}, 0.5, 0, 1)",
    "watch_rule VALUES ({series}, {now}, 8, 6, 0, 0, 0, 0.1, 0.1)",
    "model_alias (farm_id, name, alias, model_id, since) VALUES ({farm}, 'first-animov', 'champion', {model}, {now})",
    (
        "model_change (farm_id, name, at, alias, to_model, why, evidence) VALUES"
        " ({farm}, 'first-animov', {now}, 'champion', {model}, 'first', jsonb_build_object('by', {mark}))"
    ),
    (
        "regressor_selection (farm_id, made_at, why, specification, comparisons) VALUES"
        " ({farm}, {now}, 'routine', {mark}, '[]')"
    ),
    (
        "reselection (farm_id, series_id, seen_at, made_at, seen, tried, decision) VALUES"
        " ({farm}, {series}, {now}, {now}, '{{}}', '[]', 'kept')"
    ),
    "forecast_cycle (farm_id, slot, series, seconds) VALUES ({farm}, {now}, 1, 1)",
    "forecast_block VALUES ({farm}, {now}, false, '{{}}', '')",
    "unscored_bucket VALUES ({farm}, {now})",
    "stale_bucket (farm_id, bucket) VALUES ({farm}, {now})",
    "stale_hour (farm_id, hour) VALUES ({farm}, {now})",
    "farm_reader VALUES ('animov_ro_{name}', {farm})",
    "news_forgotten (farm_id, written_in, place) VALUES ({farm}, pg_current_xact_id(), 1)",
    "tracking (farm_id, kind, key, payload, at) VALUES ({farm}, 'cycle', 'cycle:{name}', '{{}}', {now})",
    "day_basis VALUES ({farm}, 'Europe/Paris', 'goat')",
    "posted_message (farm_id, received_at, topic, payload) VALUES ({farm}, {now}, {mark}, 'x')",
    "audit_log (farm_id, actor, action, subject) VALUES ({farm}, '{name}-manager', 'animal.renamed', 'animal')",
    "audit_log (actor, action, subject) VALUES ('root', 'user.invited', 'user {name}-manager')",
    # rejected before there was such a farm, and from a device of a network server
    (
        "rejected_message VALUES (sha256(convert_to({mark}, 'UTF8')), NULL, 'animov/v1/{name}/x', 'a', 'b', {now},"
        " {now}, 1, 1, 'x')"
    ),
    (
        "rejected_message VALUES (sha256(convert_to('t{name}', 'UTF8')), NULL, 'v3/app/devices/{name}/up',"
        " 'malformed', 'b', {now}, {now}, 1, 1, 'x')"
    ),
]


@pytest.fixture(scope="module")
def farms(engine, yard_of, database_url):
    """The ids of two farms that have rows in every table, by name."""
    return filled(engine, yard_of, database_url, (LEAVING, STAYING), "both")


@pytest.fixture(scope="module")
def of_which_one_goes(engine, yard_of, database_url):
    """The same of two others, for the one test that deletes one."""
    return filled(engine, yard_of, database_url, (GONE, KEPT), "both-of-others")


def filled(engine, yard_of, url, names, person):
    """Make farms that have rows in every table, and a person who belongs to all; returns their ids by name."""
    yards = {name: yard_of(name) for name in names}
    found = {name: yard.farm_id for name, yard in yards.items()}
    with engine.begin() as connection:
        hashed = users.find_login(connection, "nobody").password_hash
        both = users.create_user(connection, person, hashed)
        for name, farm_id in found.items():
            users.set_role(connection, both, farm_id, "viewer")
            for row in ROWS:
                told = row.format(**OWN, name=name, mark=f"'{name}'", now=f"'{NOW}'")
                connection.execute(text(f"INSERT INTO {told} ON CONFLICT DO NOTHING"), {"farm": farm_id})
            herd.registry_changed(connection, farm_id)
            for job, arguments in (
                ("forecast.cycle", {"farm_id": farm_id}),
                ("rejected.retry", {"device": f"tts:{name}"}),
            ):
                defer = """SELECT procrastinate_defer_jobs_v1(ARRAY[ROW('cycle', :job, 0, NULL, :key,
                CAST(:arguments AS jsonb), NULL)::procrastinate_job_to_defer_v1])"""
                values = {"job": job, "key": f"{job}:{name}", "arguments": json.dumps(arguments)}
                connection.execute(text(defer), values)
    asyncio.run(hear(url, names))
    return found


async def hear(url, farms):
    """Let the edge commit messages of farms, good ones and bad ones."""
    runner = Runner(url, partial(decoder_for, Settings()), most_keys=100)
    async with running(runner):
        for farm in farms:
            good = json.dumps({"t": NOW, "x": 0.1, "y": 1.0, "z": 0.1}).encode()
            sent = [Message(f"animov/v1/{farm}/c-ada/samples", 1_782_907_260_000, body) for body in (good, b"{")]
            runner.intake(Batch(sent, lambda: None))


def rows_of(connection, table, condition="true"):
    query = text(f"SELECT t::text FROM {table} t WHERE {condition}".replace(":/", "\\:/"))
    return sorted(connection.execute(query).scalars())


def dumped(engine):
    """Every row of every table of every schema, as text; of TimescaleDB's columns by the pieces that hold them."""
    tables = """SELECT format('%I.%I', n.nspname, c.relname)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE (c.relkind IN ('r', 'p', 'm') OR n.nspname = 'public' AND c.relname = ANY (:shown))
      AND n.nspname !~ '^pg_(catalog|toast)' AND n.nspname <> 'information_schema'
      AND c.relname !~ '^_compressed_hypertable_'"""
    with engine.connect() as connection:
        found = connection.execute(text(tables), {"shown": list(SHOWN_BY.values())}).scalars().all()
        return {table: rows_of(connection, table) for table in found}


def of_farm(engine, farm_id):
    with engine.connect() as connection:
        return {
            table: rows_of(connection, f"public.{table}", condition.format(farm=farm_id))
            for table, condition in OF_FARM.items()
        }


def mentions(told, mark):
    """Where a text, or its bytes in hexadecimal digits, is said."""
    marks = (mark, mark.encode().hex())
    return {table for table, rows in told.items() if any(one in row for row in rows for one in marks)}


def files_that_mention(folder, mark):
    return {str(path) for path in folder.rglob("*") if path.is_file() and mark.encode() in path.read_bytes()}


def test_every_table_is_known_to_be_a_farms_or_not(engine):
    with engine.connect() as connection:
        found = connection.execute(
            text("""SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relname !~ '^procrastinate'
            AND relnamespace = 'public'::regnamespace""")
        ).scalars()
        assert sorted(SHOWN_BY.get(name, name) for name in found) == sorted([*OF_FARM, *OF_PEOPLE, *OF_THE_NODE])
        schemas = """SELECT nspname FROM pg_namespace
        WHERE nspname !~ '^(pg_|_?timescaledb)' AND nspname <> 'information_schema'"""
        assert set(connection.execute(text(schemas)).scalars()) == {"public", "managed", "exported", "panel"}


def test_what_is_a_farms_goes_with_it(engine):
    """By foreign keys that delete, or a row could stay behind."""
    reached, edges = (
        {"farm"},
        """SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint
    WHERE contype = 'f' AND confdeltype = 'c'""",
    )
    with engine.connect() as connection:
        cascades = connection.execute(text(edges)).all()
    for _ in cascades:
        reached |= {child for child, parent in cascades if parent in reached}
    assert {SHOWN_BY.get(name, name) for name in reached} == set(OF_FARM) - {"app_user"}


def test_every_column_is_exported_or_kept_back(engine):
    columns = """SELECT relname, attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE relnamespace = CAST(:schema AS regnamespace) AND attnum > 0 AND NOT attisdropped AND relkind IN ('r', 'v')"""
    with engine.connect() as connection:
        there, shown = (
            {tuple(row) for row in connection.execute(text(columns), {"schema": schema}) if row.relname in OF_FARM}
            for schema in ("public", "exported")
        )
    assert there - shown == {(table, column) for table, hidden in KEPT_BACK.items() for column in hidden}


def test_the_export_holds_everything_of_the_farm_and_nothing_else(engine, farms, client, headers_of):
    of_both = {name: of_farm(engine, farm_id) for name, farm_id in farms.items()}
    assert {name: [table for table, rows in tables.items() if not rows] for name, tables in of_both.items()} == {
        LEAVING: [],
        STAYING: [],
    }

    answer = client.get(f"/v1/farms/{LEAVING}/export", headers=headers_of(f"{LEAVING}-administrator"))

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/zip")
    packed = zipfile.ZipFile(io.BytesIO(answer.content))
    assert packed.testzip() is None
    manifest = json.loads(packed.read("manifest.json"))
    assert sorted(packed.namelist()) == sorted([*(file["name"] for file in manifest["files"]), "manifest.json"])
    for file in manifest["files"]:
        content = packed.read(file["name"])
        assert (len(content), sha256(content).hexdigest()) == (file["bytes"], file["sha256"])
        assert STAYING.encode() not in content, file["name"]
        assert STAYING.encode().hex().encode() not in content, file["name"]
    for table, rows in of_both[LEAVING].items():
        (file,) = [each for each in manifest["files"] if each["name"] == f"{table}.csv"]
        head, *body = csv.reader(io.StringIO(packed.read(f"{table}.csv").decode()))
        assert head == [column["name"] for column in file["columns"]]
        assert len(body) == file["rows"] == len(rows), table
    assert packed.read("trainings/" + next(n for n in packed.namelist() if n.endswith("plot.png"))[10:]) == b"\x89PNG"
    assert "$argon2" not in "".join(packed.read(name).decode("latin-1") for name in packed.namelist())


def test_one_export_of_a_farm_goes_on_at_a_time_and_one_that_is_left_ends(engine, farms, sending):
    send = sending(f"{STAYING}-administrator")
    with exporting.snapshot(engine, farms[STAYING]):
        assert send("get", f"/v1/farms/{STAYING}/export").status_code == 409

    def left():
        with exporting.snapshot(engine, farms[STAYING]) as connection:
            yield from exporting.packed(connection, STAYING, connection_now(engine), mlflow="", more=endless)

    def endless():
        yield "endless", "", iter(partial(os.urandom, 1 << 18), b"")

    pieces = left()
    sizes = [len(next(pieces)) for _ in range(5)]
    assert max(sizes) < 2**20  # of an export without end only a piece is held
    pieces.close()
    assert send("get", f"/v1/farms/{STAYING}/export").status_code == 200


def test_a_head_of_an_export_is_over_before_it_is_answered(engine, farms, sending, monkeypatch):
    send, answered = sending(f"{STAYING}-administrator"), []
    answer = ClosingResponse.__call__

    async def look(*sent):
        with exporting.snapshot(engine, farms[STAYING]):
            answered.append(sent)
        await answer(*sent)

    monkeypatch.setattr(ClosingResponse, "__call__", look)
    assert send("head", f"/v1/farms/{STAYING}/export").status_code == 200
    assert len(answered) == 1


def test_only_administrators_export_and_delete_and_not_by_mistake(farms, sending):
    for role, status in (("viewer", 403), ("manager", 403)):
        assert sending(f"{LEAVING}-{role}")("get", f"/v1/farms/{LEAVING}/export").status_code == status
        assert sending(f"{LEAVING}-{role}")("delete", f"/v1/farms/{LEAVING}?confirm={LEAVING}").status_code == status
    send = sending(f"{LEAVING}-administrator")
    assert send("delete", f"/v1/farms/{LEAVING}").status_code == 422
    for wrong in ("", STAYING, LEAVING.upper()):
        assert send("delete", f"/v1/farms/{LEAVING}?confirm={wrong}").status_code == 409
    assert send("get", f"/v1/farms/{LEAVING}").status_code == 200


@pytest.fixture
def told_to_mlflow(engine, of_which_one_goes, mlflow_settings):
    """An MLflow that was told of cycles, posture and models of both farms."""
    with engine.begin() as connection:
        for name, farm_id in of_which_one_goes.items():
            put = partial(
                tracking.put, connection, farm_id=farm_id, at=connection.execute(text("SELECT now()")).scalar()
            )
            put("cycle", f"cycle:{farm_id}:1", {"params": {"farm": name}, "rows": [{"series": name}]})
            put("posture", f"posture:{farm_id}", {"model": {"of": name}, "params": {}, "metrics": {"skill": 0.5}})
            change, model = connection.execute(
                text("SELECT min(c.id), min(c.to_model) FROM model_change c WHERE farm_id = :farm"), {"farm": farm_id}
            ).one()
            connection.execute(text("UPDATE model SET training_id = NULL WHERE id = :id"), {"id": model})
            put("alias", f"alias:{change}", {"change": change})
    assert track(engine, mlflow_settings, connection_now(engine)).waiting == 0
    with engine.begin() as connection:
        for farm_id in of_which_one_goes.values():
            put = partial(
                tracking.put, connection, farm_id=farm_id, at=connection.execute(text("SELECT now()")).scalar()
            )
            put("cycle", f"cycle:{farm_id}:2", {"params": {"slot": "2"}})
    return mlflow_settings


def connection_now(engine):
    with engine.connect() as connection:
        return connection.execute(text("SELECT now()")).scalar()


def runs(settings):
    client = open_registry(settings).client
    known = [client.get_experiment_by_name(name).experiment_id for name in EXPERIMENTS]
    return sorted(
        run.data.tags[FARM] + run.data.tags["animov.key"] for run in client.search_runs(known, max_results=1000)
    )


def test_a_farm_is_deleted_everywhere_and_no_other_is_touched(
    engine, of_which_one_goes, client, headers_of, as_user, told_to_mlflow
):
    administrator, node = headers_of(f"{GONE}-administrator"), told_to_mlflow.data_dir
    assert files_that_mention(node, GONE)
    runs_before = runs(told_to_mlflow)
    before, leaving = dumped(engine), of_farm(engine, of_which_one_goes[GONE])
    assert mentions(before, GONE) >= {"public.farm", "public.rejected_message", "public.raw_pack"}

    answer = client.delete(f"/v1/farms/{GONE}", params={"confirm": GONE}, headers=administrator)
    assert (answer.status_code, answer.json()["state"]) == (202, "deleting")
    place = answer.headers["Location"]
    assert client.get(f"/v1/farms/{GONE}", headers=administrator).status_code == 401  # who asked is gone too
    assert GONE not in as_user("both-of-others")("/v1/farms").text
    assert client.get(f"/v1/farms/{GONE}", headers=headers_of("root")).status_code == 404
    assert client.get(place).json()["state"] == "deleting"

    assert finish_deletions(engine, told_to_mlflow).fault == ""

    assert client.get(place).json()["state"] == "deleted"
    after = dumped(engine)
    assert mentions(after, GONE) == set()
    assert files_that_mention(node, GONE) == set()
    assert files_that_mention(node, KEPT)
    assert runs(told_to_mlflow) == [run for run in runs_before if not run.startswith(GONE)]
    versions = open_registry(told_to_mlflow).client.search_model_versions(f"name = '{MODEL}'")
    assert [version.run_id for version in versions] != []
    for table in set(OF_FARM) - {"app_user", "audit_log"}:
        rest = before[f"public.{table}"].copy()
        for row in leaving[table]:
            rest.remove(row)
        assert after[f"public.{table}"] == rest, table
    assert len(before["public.app_user"]) - len(after["public.app_user"]) == 3
    (noted,) = set(after["public.audit_log"]) - set(before["public.audit_log"])
    assert "farm.deleted" in noted
    assert set(before["public.audit_log"]) > set(after["public.audit_log"]) - {noted}
    assert mentions({"": after["public.procrastinate_jobs"]}, KEPT)


def test_an_unknown_deletion_is_told_as_such(client):
    assert client.get("/v1/deletions/6f1c2f0e-55b1-4f3c-9d8e-0f7a6a1e2b3c").status_code == 404
    assert client.get("/v1/deletions/7").status_code == 422

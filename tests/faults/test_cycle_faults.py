"""Whatever ends, hangs or lies in the middle of a cycle, the rows are those of a worker that nothing disturbed.

Real forecast workers on copies of one database, whose clock stands still until a slot is done. A test holds a lock to
stop a cycle where it wants to, and sees in the database that it has come there.
"""

import os
import random
import signal
import socket
import sqlite3
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from multiprocessing import forkserver, get_context
from typing import NamedTuple

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from core.clock import NodeClock
from core.readings import CollarName
from core.timeline import BUCKET, floor_slot
from forecast.jobs import CYCLE, SCORES
from forecast.life.jobs import TRACK
from forecast.rolling.cycle import run_cycle
from forecast.rolling.hindsight import slots_between
from storage import embedded
from storage.embedded import secrets
from storage.embedded.leftovers import postmaster_pid
from storage.engine import clocks
from storage.engine.database import plain_url
from storage.herds import herd
from storage.measurements.ratios import RATIOS_LOCK
from storage.upkeep import provision
from tests import databases
from tests.databases import opened

FIRST = datetime(2026, 3, 20, 23, 45, tzinfo=UTC)
"""A slot that is done before anything happens; with the next one a UTC day begins."""

DAYS = 4
GRACE = timedelta(seconds=60)
PATIENCE_S = 120.0

WORKER = """
import os, sys
from multiprocessing import parent_process
from animov.cli import main
from forecast import jobs
from forecast.regressors.open_meteo import fetch_weather

jobs.SWEEP_S = 0.2
fetch_weather.__kwdefaults__["patience_s"] = 600.0
os.environ |= {variables!r} | {{"ANIMOV_LIFELINE": str(parent_process().sentinel)}}
sys.argv = ["animov", "forecast", "--data-dir", {data_dir!r}]
main()
"""
"""`animov forecast`, but it looks all the time for the jobs of the dead, and waits long for the weather."""

WRITTEN = (
    *("forecast", "forecast_block", "forecast_cycle", "score", "band_calibration", "unscored_bucket"),
    *("changed_bucket", "changed_span", "watch_rule", "watched_window", "alert", "tracking"),
)
"""What a cycle writes to, but the days of ratios that are kept to be quick."""

SILENCE = f"""INSERT INTO procrastinate_jobs (queue_name, task_name, queueing_lock, args)
  VALUES ('nobody', '{TRACK}', '{TRACK}', '{{}}')"""
"""MLflow has been asked to be told already, by a worker that nobody is: what it is to be told stays for the test."""


class Point(NamedTuple):
    """A place in a cycle: what a test does to hold it up there, and how the statement begins that waits then."""

    hold: str
    waits: str


AT_THE_BANDS = Point("LOCK TABLE band_calibration IN SHARE MODE", "INSERT INTO band_calibration")
AT_THE_CLAIM = Point("INSERT INTO forecast_cycle VALUES (:farm, :slot, 0, 0)", "INSERT INTO forecast_cycle")
SCORING = Point("LOCK TABLE score IN SHARE MODE", "DELETE FROM score WHERE series_id")
BEFORE_ITS_END = (
    AT_THE_BANDS,
    Point("SELECT pg_advisory_xact_lock(:ratios, :farm)", "SELECT pg_advisory_xact_lock"),
    AT_THE_CLAIM,
    Point("LOCK TABLE forecast IN SHARE MODE", "COPY forecast"),
    Point("LOCK TABLE tracking IN SHARE MODE", "INSERT INTO tracking"),
)
"""Up to the end of the transaction that claims a slot and writes its forecasts; bands are made with a day's first."""

SLOTS = [FIRST + number * BUCKET for number in range(1, len(BEFORE_ITS_END) + 2)]


def measure(engine, start, end):
    """Write windows as a flush would: the ratios of every animal, and the markers of the change."""
    slots = slots_between(start, end)
    with engine.begin() as connection:
        for animal in connection.execute(text("SELECT id FROM animal ORDER BY id")).scalars().all():
            connection.execute(
                text(
                    """INSERT INTO stored_window
                      (animal_id, bucket, received_s, known_s, standing_s, standing_ratio, standing, known)
                    VALUES (:animal, :bucket, 900, 900, :standing, :standing / 900.0, repeat('0', 900)::bit(900),
                      repeat('0', 900)::bit(900))"""
                ),
                [
                    {
                        "animal": animal,
                        "bucket": slot,
                        "standing": random.Random(f"{animal} {slot}").randrange(300, 700),
                    }
                    for slot in slots
                ],
            )
        connection.execute(
            text("INSERT INTO changed_bucket SELECT f.id, b FROM farm f, unnest(CAST(:slots AS timestamptz[])) b"),
            {"slots": slots},
        )


def settle(engine, first):
    """Make a farm of two groups, measured for some days, whose first slot is done."""
    with engine.begin() as connection:
        farm = herd.ensure_farm(connection, "barn", latitude=46.6, longitude=0.3)
        for name, group in (("Brune", "dairy"), ("Noire", "dairy"), ("Grise", "kids")):
            animal = herd.ensure_animal(connection, farm, name)
            herd.move(connection, animal, herd.ensure_group(connection, farm, group))
            herd.assign(connection, herd.ensure_collar(connection, CollarName("barn", f"tag-{name}")), animal)
        connection.execute(text(SILENCE))
    measure(engine, first - timedelta(days=DAYS + 1), first)
    run_cycle(engine, farm, first, history_days=DAYS)
    stand_at(engine, first + GRACE)


def stand_at(engine, instant):
    """Set the node's clock, which then stands still."""
    with engine.begin() as connection:
        clocks.write(connection, NodeClock(0, instant.timestamp(), 1, instant.timestamp()))


def begin(engine, slot):
    """Let a slot come, and what was measured until then."""
    measure(engine, slot - BUCKET, slot)
    stand_at(engine, slot + GRACE)


def is_done(engine, slot, names=(CYCLE, SCORES)):
    query = """SELECT EXISTS (SELECT FROM forecast_cycle WHERE slot = :slot) AND NOT EXISTS (
      SELECT FROM procrastinate_jobs WHERE task_name = ANY (:names) AND status IN ('todo', 'doing'))"""
    with engine.connect() as connection:
        return connection.execute(text(query), {"slot": slot, "names": list(names)}).scalar_one()


def rows(engine):
    """Everything that cycles have written, but how long they took, when on the wall, and how often was tried."""
    with engine.connect() as connection:
        return {
            table: sorted(
                connection.execute(
                    text(
                        f"""SELECT (to_jsonb(t) - '{{seconds,finished_at,attempts,error}}'::text[]
                          - CASE '{table}' WHEN 'tracking' THEN 'id' ELSE '' END
                          #- '{{payload,metrics,seconds}}')::text FROM {table} t"""
                    )
                ).scalars()
            )
            for table in WRITTEN
        }


def waiting(engine, *points):
    """Return the statements of cycles that wait for a lock at some points."""
    query = """SELECT query FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock' AND query ^@ ANY (:waits)"""
    with engine.connect() as connection:
        return connection.execute(text(query), {"waits": [point.waits for point in points]}).scalars().all()


@contextmanager
def held(engine, point, slot):
    """Hold cycles up at a point for the time of the block."""
    with engine.connect() as connection, connection.begin() as transaction:
        farm = connection.execute(text("SELECT id FROM farm")).scalar_one()
        values = {"farm": farm, "slot": slot, "ratios": RATIOS_LOCK}
        connection.execute(text(point.hold), {name: values[name] for name in values if f":{name}" in point.hold})
        yield
        transaction.rollback()


@pytest.fixture(scope="module")
def forks():
    """Make processes that have imported a forecast worker, which costs four seconds of a processor, in no time."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
            patch.setenv(name, "1")  # as the command sets it before NumPy is loaded
        context = get_context("forkserver")
        context.set_forkserver_preload(["animov.forecaster", "animov.cli"])
        forkserver.ensure_running()
        yield context


@pytest.fixture
def work(forks, tmp_path):
    """Start forecast workers; those that are left at the end are told to end, in order."""
    started = []

    def start(url=None, data_dir=tmp_path, **variables):
        settings = {"ANIMOV_HISTORY_DAYS": str(DAYS), "ANIMOV_LOG_LEVEL": "WARNING", **variables}
        settings |= {"ANIMOV_DATABASE_URL": url} if url else {}
        code = WORKER.format(variables=settings, data_dir=str(data_dir))
        started.append(forks.Process(target=exec, args=(code, {})))
        started[-1].start()
        return started[-1]

    yield start
    for process in started:
        end(process)


def end(process):
    """Tell a worker to end; it does so in order, if it has not been killed before."""
    process.terminate()
    process.join(PATIENCE_S)
    assert process.exitcode in {0, -signal.SIGKILL}


def workers(engine):
    """Return the numbers that workers have in the queue; a process has one for each lane."""
    with engine.connect() as connection:
        return connection.execute(text("SELECT id FROM procrastinate_workers")).scalars().all()


def bury(engine, dead):
    """Let half a minute pass for dead workers: others may do their jobs; false while the database does not answer."""
    statement = "UPDATE procrastinate_workers SET last_heartbeat = '-infinity' WHERE id = ANY (:dead)"
    with suppress(OperationalError), engine.begin() as connection:
        connection.execute(text(statement), {"dead": list(dead)})
        return True
    return False


@pytest.fixture(scope="module")
def copies(server_url, template, close):
    """Make copies of a database, by default of the migrated one, to be dropped in the end; give their URLs."""
    with ExitStack() as made:

        def copy(of=None):
            whole = template if of is None else databases.name_of(of)
            close(whole)
            return made.enter_context(databases.made(server_url, whole))

        yield copy


@pytest.fixture(scope="module")
def barn(copies):
    """URL of the database of a farm whose first slot is done."""
    url = copies()
    with opened(url) as engine:
        settle(engine, FIRST)
    return url


@pytest.fixture
def copied(copies, barn):
    """An engine on a database of one's own of that farm."""
    with opened(copies(barn)) as engine:
        yield engine


@pytest.fixture(scope="module")
def expected(copies, barn):
    """The rows after each slot when nothing disturbs."""
    found = []
    with opened(copies(barn)) as engine:
        for slot in SLOTS:
            begin(engine, slot)
            run_cycle(engine, 1, slot, history_days=DAYS)
            found.append(rows(engine))
    return found


def test_kills_at_every_point_of_a_cycle_change_no_row(copied, expected, work, wait):
    """The next worker comes while the transaction of the dead one is still open, unless that one holds the scores."""
    found, process = [], work(plain_url(copied))
    for point, slot in zip((*BEFORE_ITS_END, SCORING), SLOTS, strict=True):
        with held(copied, point, slot):
            begin(copied, slot)
            wait(lambda point=point: waiting(copied, point), PATIENCE_S)
            process.kill()
            process.join()
            bury(copied, workers(copied))
            if point != SCORING:
                process = work(plain_url(copied))
                wait(lambda: len(waiting(copied, *BEFORE_ITS_END)) == 2, PATIENCE_S)
        process = process if process.is_alive() else work(plain_url(copied))
        wait(lambda slot=slot: is_done(copied, slot), PATIENCE_S)
        found.append(rows(copied))

    assert found == expected


def test_a_database_that_restarts_in_mid_cycle_changes_no_row(tmp_path, quick_restarts, expected, work, wait):
    """The server ends at once, as by `pg_ctl stop --mode=immediate`; the same worker goes on."""
    found = []
    with embedded.running(tmp_path) as address:
        access = provision.prepare_embedded(address, secrets.load(tmp_path))
        with opened(access.app) as engine:
            settle(engine, FIRST)
            process = work(data_dir=tmp_path)
            for point, slot in zip((AT_THE_BANDS, AT_THE_CLAIM, SCORING), SLOTS, strict=False):
                with suppress(OperationalError), held(engine, point, slot):
                    begin(engine, slot)
                    wait(lambda point=point: waiting(engine, point), PATIENCE_S)
                    before = workers(engine)
                    server = postmaster_pid(tmp_path / "postgres")
                    os.kill(server, signal.SIGQUIT)
                wait(lambda server=server: postmaster_pid(tmp_path / "postgres") not in {None, server}, PATIENCE_S)
                wait(lambda before=before: bury(engine, before), PATIENCE_S)
                wait(lambda slot=slot: is_done(engine, slot), PATIENCE_S)
                found.append(rows(engine))
            survived = process.is_alive()
            end(process)

    assert survived
    assert found == expected[: len(found)]


def test_a_provider_that_hangs_and_then_answers_garbage_delays_no_cycle(copies, work, wait):
    """While the question hangs a slot is done; after the garbage the next one says that it lacks the weather.

    Scores may wait behind a question, in the lane of what may hang; with an hour's first slot there is another one.
    """
    first = floor_slot(datetime.now(UTC)) - 2 * BUCKET
    hanging, lacking = first + BUCKET, first + 2 * BUCKET
    with opened(copies()) as engine, socket.create_server(("127.0.0.1", 0)) as provider:
        settle(engine, first)
        begin(engine, first + BUCKET)
        provider.settimeout(PATIENCE_S)
        address = f"http://127.0.0.1:{provider.getsockname()[1]}/v1/forecast"
        work(plain_url(engine), ANIMOV_WEATHER_URL=address, no_proxy="127.0.0.1")
        line, _ = provider.accept()
        with line:
            wait(lambda: is_done(engine, hanging, [CYCLE]), PATIENCE_S)
            while_hanging = kept_of_weather(engine)
            line.recv(65_536)
            line.sendall(b"HTTP/1.0 200 OK\r\n\r\n<html>Bonjour</html>")
        wait(lambda: kept_of_weather(engine), PATIENCE_S)
        begin(engine, lacking)
        wait(lambda: is_done(engine, lacking, [CYCLE]), PATIENCE_S)
        query = "SELECT issued_at, reason, count(*) FROM forecast WHERE NOT backtest GROUP BY 1, 2 ORDER BY 1"
        with engine.connect() as connection:
            issued = [tuple(row) for row in connection.execute(text(query))]
        (fault,) = set(kept_of_weather(engine))

    assert while_hanging == []
    assert "is no forecast" in fault
    assert issued == [(first, "", 3), (hanging, "", 3), (lacking, f"without weather: {fault}", 3)]


@pytest.mark.timeout(600)  # MLflow makes its database first, and is loaded by a worker
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # MLflow's own, of SQLAlchemy
def test_cycles_go_on_without_mlflow_and_each_is_one_run_when_it_is_back(copied, expected, work, wait, mlflow_settings):
    found, slots = [], SLOTS[:2]
    with copied.begin() as connection:
        connection.execute(text("DELETE FROM procrastinate_jobs WHERE task_name = :track"), {"track": TRACK})
    with socket.create_server(("127.0.0.1", 0)) as mlflow:
        mlflow.settimeout(PATIENCE_S)
        address = f"http://127.0.0.1:{mlflow.getsockname()[1]}"
        process = work(plain_url(copied), ANIMOV_MLFLOW_URI=address, no_proxy="127.0.0.1")
        mlflow.accept()[0].close()  # it is asked for once, and then its port is closed
    for slot in slots:
        begin(copied, slot)
        wait(lambda slot=slot: is_done(copied, slot), PATIENCE_S)
        found.append(rows(copied))
    end(process)

    work(plain_url(copied), data_dir=mlflow_settings.data_dir)
    wait(lambda: not rows(copied)["tracking"], PATIENCE_S)
    with closing(sqlite3.connect(mlflow_settings.data_dir / "mlflow" / "mlflow.db")) as store:
        told = store.execute("SELECT value FROM tags WHERE key = 'animov.key' ORDER BY value").fetchall()

    assert found == expected[:2]
    assert told == [(f"cycle:1:{slot.isoformat()}",) for slot in (FIRST, *slots)]


def kept_of_weather(engine):
    """Return what there was to say against each answer of the provider."""
    with engine.connect() as connection:
        return connection.execute(text("SELECT fault FROM weather_forecast")).scalars().all()

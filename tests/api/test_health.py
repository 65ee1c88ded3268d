"""Ready means: the database answers in time, at the version that this program wants, and what was sent is worked on."""

import asyncio
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress

import httpx2
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import make_url, text

from animov.ports import reserved_port
from api.health import probe as probing
from api.health.checks import LONGEST_UNREAD_S, LONGEST_WAIT_ELSEWHERE_S, LONGEST_WAIT_S
from api.health.probe import WITHIN_S, Probe
from bench.waiting import wait_until
from core.clock import NodeClock
from core.timeline import bucket_start
from storage.engine import clocks, database
from storage.upkeep import readiness
from tests import databases

SERVE = """
import sys
from core.logs import configure_logging
from api.serving import serve
configure_logging()
serve(database_url=sys.argv[1], signing_key=b"k" * 32, host="127.0.0.1", port=0)
"""
PATIENCE_S = 30 * WITHIN_S
"""What a test allows for an answer within the bound on a machine that has much else to do."""


@pytest.fixture
def jobs(engine, yards):
    """Put a job into the queue, `(lane, waiting_s)`; all are gone afterwards."""

    def put(lane, waiting_s, *, due_s=None):
        with engine.begin() as connection:
            connection.execute(
                text(
                    """WITH made AS (SELECT unnest(procrastinate_defer_jobs_v1(ARRAY[ROW(
                    :lane, 'work', 0, NULL, NULL, '{}'::jsonb, now() + :due * interval '1 s'
                    )::procrastinate_job_to_defer_v1])) AS id)
                    SELECT id FROM made"""
                ),
                {"lane": lane, "due": due_s},
            )
            connection.execute(
                text("UPDATE procrastinate_events SET at = now() - :s * interval '1 s'"), {"s": waiting_s}
            )

    yield put
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM procrastinate_jobs"))


@pytest.fixture
def unread(engine, yards):
    """Leave a reading sent by HTTP unread, `(waiting_s)`; all are gone afterwards."""

    def leave(waiting_s):
        with engine.begin() as connection:
            connection.execute(
                text(
                    """INSERT INTO posted_message (farm_id, received_at, topic, payload, posted_at)
                    VALUES (:farm, now(), 'a', 'b', now() - :s * interval '1 s')"""
                ),
                {"farm": yards["barn"].farm_id, "s": waiting_s},
            )

    yield leave
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM posted_message"))


def told(answer, status):
    """What the checks of an answer say; one that is not ready is a problem and names what failed."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    failed = [name for name, check in body["checks"].items() if check["ok"] is False]
    if status == 200:
        assert (body["status"], failed) == ("ready", [])
    else:
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.headers["Retry-After"]
        assert body["type"] == "urn:animov:problem:not-ready"
        assert body["detail"] == f"not as it should be: {', '.join(failed)}"
        assert body["request_id"] == answer.headers["X-Request-ID"]
    return body["checks"], failed


def test_the_process_lives(client):
    assert client.get("/health/live").json() == {"status": "live"}


def test_ready_tells_the_age_of_the_newest_window(client, engine, yards, last):
    """However old it is: that no collar speaks makes nobody unready."""
    at = bucket_start(last)
    for offset_s, age_s in ((0, 0), (899, 0), (900, 0), (1200.5, 300.5), (90 * 86_400, 90 * 86_400 - 900)):
        with engine.begin() as connection:
            before = clocks.read(connection)
            clocks.write(connection, NodeClock(ceiling=at.timestamp() + offset_s))
        try:
            checks, _ = told(client.get("/health/ready"), 200)
        finally:
            with engine.begin() as connection:
                clocks.write(connection, before)
        assert checks["lag"] == {
            "ok": True,
            "waiting": 0,
            "oldest_s": None,
            "last_window": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "last_window_age_s": age_s,
        }
        assert checks["queue"] == {"ok": True, "waiting": 0, "oldest_s": None, "late": []}


def test_a_node_without_windows_and_farms_is_ready_as_well(server_url, template):
    """As it is right after it was made."""
    with databases.made(server_url, template) as url:
        state = asyncio.run(readiness.read(database.as_role(url, "animov_api")))

    assert (state.last_window, state.last_slot, state.posted_oldest_s, state.jobs) == (None, None, None, ())


@pytest.mark.parametrize("version", ["0001", "9999", None])
def test_another_version_of_the_tables_is_not_ready(client, engine, yards, version):
    """Older, newer or none at all."""
    with engine.begin() as connection:
        before = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        connection.execute(text("UPDATE alembic_version SET version_num = :v"), {"v": version or before})
        if version is None:
            connection.execute(text("ALTER TABLE alembic_version RENAME TO elsewhere"))
    try:
        checks, failed = told(client.get("/health/ready"), 503)
    finally:
        with engine.begin() as connection:
            connection.execute(text("ALTER TABLE IF EXISTS elsewhere RENAME TO alembic_version"))
            connection.execute(text("UPDATE alembic_version SET version_num = :v"), {"v": before})

    assert failed == ["migrations"]
    assert checks["queue"]["ok"] is checks["lag"]["ok"] is None
    told(client.get("/health/ready"), 200)


def test_the_version_that_is_wanted_is_alembics():
    assert readiness.wanted_version() == database.newest_version()


@pytest.mark.parametrize("lane", [*LONGEST_WAIT_S, "background", "default"])
def test_a_job_that_waits_for_too_long_is_not_ready(client, jobs, lane):
    limit_s = LONGEST_WAIT_S.get(lane, LONGEST_WAIT_ELSEWHERE_S)
    jobs(lane, limit_s - 60)
    checks, _ = told(client.get("/health/ready"), 200)
    assert checks["queue"]["waiting"] == 1
    assert limit_s - 60 <= checks["queue"]["oldest_s"] < limit_s

    jobs(lane, limit_s + 1)

    checks, failed = told(client.get("/health/ready"), 503)
    assert failed == ["queue"]
    assert checks["queue"]["late"] == [lane]
    assert checks["queue"]["waiting"] == 2


def test_a_queue_that_is_full_of_new_jobs_is_ready(client, jobs):
    for number in range(300):
        jobs("cycle", number)

    checks, _ = told(client.get("/health/ready"), 200)

    assert checks["queue"]["waiting"] == 300


def test_jobs_that_are_not_due_do_not_wait(client, jobs):
    jobs("cycle", 5000, due_s=60)
    assert told(client.get("/health/ready"), 200)[0]["queue"]["waiting"] == 0

    jobs("cycle", 5000, due_s=-10)
    checks, _ = told(client.get("/health/ready"), 200)
    assert checks["queue"]["waiting"] == 1
    assert 10 <= checks["queue"]["oldest_s"] < 70


def test_jobs_under_way_and_failed_ones_do_not_wait(client, engine, jobs):
    jobs("cycle", 5000)
    for status in ("doing", "failed"):
        with engine.begin() as connection:
            connection.execute(text(f"UPDATE procrastinate_jobs SET status = '{status}'"))
        assert told(client.get("/health/ready"), 200)[0]["queue"]["waiting"] == 0


def test_readings_that_nobody_reads_are_not_ready(client, unread):
    unread(LONGEST_UNREAD_S / 2)
    assert told(client.get("/health/ready"), 200)[0]["lag"]["waiting"] == 1

    unread(LONGEST_UNREAD_S + 1)

    checks, failed = told(client.get("/health/ready"), 503)
    assert failed == ["lag"]
    assert checks["lag"]["oldest_s"] > LONGEST_UNREAD_S


def test_the_problem_is_told_in_french(client, unread):
    unread(LONGEST_UNREAD_S + 1)

    answer = client.get("/health/ready", headers={"Accept-Language": "fr"})

    assert answer.json()["detail"] == "à vérifier : lag"
    assert answer.headers["Content-Language"] == "fr"


class Relay:
    """A way to a database that can be cut, and that can fall silent; counts who came."""

    def __init__(self, url, port):
        self._url, self._target = url, conninfo_to_dict(url)
        self._open, self._pouring = [], []
        self.came, self.is_silent = 0, False
        self.port = port
        self.mend()

    def url(self, role):
        """URL of the database through here."""
        url = make_url(self._url).set(host="127.0.0.1", port=self.port, query={"sslmode": "disable"})
        return database.as_role(url.render_as_string(hide_password=False), role)

    def mend(self):
        """Let through all who come, or take them in and say nothing."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._accepting = threading.Thread(target=self._accept)
        self._accepting.start()

    def cut(self):
        """Refuse all who come, and leave those who are here."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._accepting.join()
        self._listener.close()
        for each in self._open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for each in self._pouring:
            each.join()
        for each in self._open:
            each.close()
        self._open, self._pouring = [], []

    def _accept(self):
        with suppress(OSError):
            while True:
                near = self._listener.accept()[0]
                self.came += 1
                self._open.append(near)
                if not self.is_silent:
                    self._join(near)

    def _join(self, near):
        host, port = self._target["host"], int(self._target.get("port", 5432))
        local = host.startswith("/")
        far = socket.socket(socket.AF_UNIX if local else socket.AF_INET)
        self._open.append(far)
        far.connect(f"{host}/.s.PGSQL.{port}" if local else (host, port))
        for one, other in ((near, far), (far, near)):
            self._pouring.append(threading.Thread(target=pour, args=(one, other)))
            self._pouring[-1].start()


def pour(one, other):
    with suppress(OSError):
        while part := one.recv(65_536):
            other.sendall(part)
    with suppress(OSError):
        other.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def relay(database_url, yards):
    with reserved_port("127.0.0.1") as port:
        made = Relay(database_url, port)
        yield made
        made.cut()


@contextmanager
def running(url):
    process = subprocess.Popen([sys.executable, "-c", SERVE, url], stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline()
        assert line.startswith("ready api=http://127.0.0.1:"), line
        yield line.strip().removeprefix("ready api=")
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_database_that_is_away_and_comes_back(relay):
    """It refuses, then it takes connections and says nothing, then it is as before."""
    with running(relay.url("animov_api")) as address:
        wait_until(lambda: is_ready(address))

        relay.cut()
        away(address, relay)
        relay.is_silent = True
        relay.mend()
        away(address, relay)
        assert httpx2.get(f"{address}/health/live", timeout=60).json() == {"status": "live"}

        relay.is_silent = False
        wait_until(lambda: is_ready(address))


def is_ready(address):
    return httpx2.get(f"{address}/health/ready", timeout=60).status_code == 200


def away(address, relay):
    began = time.perf_counter()
    answer = httpx2.get(f"{address}/health/ready", timeout=60)
    assert time.perf_counter() - began < PATIENCE_S
    checks, failed = told(answer, 503)
    assert failed == ["database"]
    assert {checks[name]["ok"] for name in ("migrations", "queue", "lag")} == {None}
    for internal in (str(relay.port), "animov_api", "postgres", "connection", "refused"):
        assert internal not in answer.text.replace("urn:animov:problem:not-ready", "")


async def test_however_many_ask_it_costs_one_connection(relay, monkeypatch):
    probe = Probe(relay.url("animov_api"))
    assert [seen.reachable for seen in await asyncio.gather(*(probe.look() for _ in range(50)))] == [True] * 50
    assert relay.came == 1

    relay.is_silent = True
    monkeypatch.setattr(probing, "WITHIN_S", WITHIN_S)
    seen = await asyncio.gather(*(probe.look() for _ in range(50)))
    assert {one.reachable for one in seen} == {False}
    wait_until(lambda: relay.came > 1)
    assert relay.came == 2


async def test_a_statement_that_hangs_is_given_up(relay, database_url, monkeypatch):
    """And leaves nothing behind that would hang for longer."""
    probe = Probe(relay.url("animov_api"))
    with psycopg.connect(database_url) as holding, monkeypatch.context() as patch:
        patch.setattr(probing, "WITHIN_S", WITHIN_S)
        holding.execute("LOCK TABLE alembic_version IN ACCESS EXCLUSIVE MODE")
        seen = await probe.look()
        assert (seen.reachable, seen.seconds < PATIENCE_S) == (False, True)
    assert (await probe.look()).reachable


async def test_who_leaves_ends_nobody_elses_look(relay):
    probe = Probe(relay.url("animov_api"))
    first, second = asyncio.create_task(probe.look()), asyncio.create_task(probe.look())
    await asyncio.sleep(0)
    first.cancel()

    assert (await second).reachable

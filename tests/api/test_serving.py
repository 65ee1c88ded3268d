"""The API as a process: quick to start, light to import, stopped in order."""

import json
import signal
import socket
import subprocess
import sys
import threading
from contextlib import ExitStack, contextmanager

import httpx2
import psycopg
import pytest

from api.listener import listening
from api.serving import serve
from bench.waiting import answers as answers_at
from bench.waiting import wait_until
from core.errors import SettingsError, UnavailableError
from core.timeline import bucket_start
from storage.engine import database

HEAVY = {"mlflow", "numpy", "pandas", "pyarrow", "scipy", "statsmodels", "procrastinate"}
LATER = {"cryptography", "email_validator", "httpx", "jinja2", "jwt", "pydantic.v1", "rich"} | HEAVY
"""What only some requests need, or none."""

SERVE = """
import sys
from core.logs import configure_logging
from api.serving import serve
configure_logging()
serve(database_url=sys.argv[1], signing_key=b"k" * 32, host="127.0.0.1", port=0)
"""


def test_the_api_does_not_pay_for_forecasting():
    """Looking after everything that a start imports, the routes' first use included."""
    program = """
import sys, json
import api.serving
from api.app import create_app
from storage.engine.database import engine_for, newest_version
create_app(engine=engine_for("postgresql://127.0.0.1/x"), signing_key=b"k" * 32).openapi()
newest_version()
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)

    assert HEAVY.isdisjoint(json.loads(done.stdout))


def test_a_start_pays_for_no_request():
    """Looking after what a start imports, into which routes it looks, and which kinds of answers it can make."""
    program = """
import sys, json
import animov.commands.node, animov.access, animov.interface
from api.app import create_app
from api.forms.answers import Answer
from storage.engine.database import engine_for
app = create_app(engine=engine_for("postgresql://127.0.0.1/x"), signing_key=b"k" * 32)
looked = [route.path for route in app.routes if "dependant" in vars(route)]
built = [kind.__name__ for kind in Answer.__subclasses__() if kind.__pydantic_complete__]
print(json.dumps([sorted(sys.modules), looked, built]))
"""
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)

    imported, looked, built = json.loads(done.stdout)
    assert LATER.isdisjoint(imported)
    assert (looked, built) == ([], [])


@pytest.fixture
def api_url(database_url):
    return database.as_role(database_url, "animov_api")


@contextmanager
def running(url, program=SERVE):
    """A process that serves, and its address."""
    command = [sys.executable, "-c", program, url]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline()
        assert line.startswith("ready api=http://127.0.0.1:"), line
        yield process, line.strip().removeprefix("ready api=")
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_stop_is_an_ordinary_end(api_url, yards, number):
    with running(api_url) as (process, address):
        wait_until(lambda: httpx2.get(f"{address}/health/ready", timeout=60).json()["status"] == "ready")

        process.send_signal(number)

        assert process.wait(60) == 0
        assert process.stdout.read() == ""


def test_a_request_under_way_is_answered_before_the_end(database_url, api_url, yards):
    """A login waits for a lock that this test holds, the process is told to stop, the lock goes, the answer comes."""
    with running(api_url) as (process, address), psycopg.connect(database_url) as holding:
        holding.execute("LOCK TABLE app_user IN ACCESS EXCLUSIVE MODE")
        answers = []

        def log_in():
            body = {"username": "nobody-at-all", "password": "x"}
            answers.append(httpx2.post(f"{address}/v1/login", json=body, timeout=60).status_code)

        asking = threading.Thread(target=log_in)
        asking.start()
        wait_for_lock(database_url)
        process.send_signal(signal.SIGTERM)
        wait_until(lambda: not answers_at(int(address.rpartition(":")[2])))
        holding.rollback()
        asking.join()

        assert answers == [401]
        assert process.wait(60) == 0


SERVE_LITTLE_AT_A_TIME = """
import socket
from api import serving
serving._LAST_ANSWERS_S = 3600
listening = serving.listening
def narrow(host, port):
    made = listening(host, port)
    class Narrow:
        def __enter__(self):
            listener = made.__enter__()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
            return listener
        def __exit__(self, *what):
            return made.__exit__(*what)
    return Narrow()
serving.listening = narrow
"""


def test_listeners_who_do_not_read_do_not_hold_up_the_end(database_url, api_url, yards, key_of, last):
    """More is told than they, the kernel and the server hold between them; others, an hour here, are waited for."""
    barn = yards["barn"]
    (name, key), *_ = key_of(barn, "read").items()
    with running(api_url, SERVE_LITTLE_AT_A_TIME + SERVE) as (process, address), ExitStack() as deaf:
        for _ in range(5):
            deaf.enter_context(listens(address, f"{name}: {key}", room=2048))
        witness, heard = deaf.enter_context(listens(address, f"{name}: {key}")), bytearray()
        with psycopg.connect(database_url, autocommit=True) as connection:
            for told in range(1, 7):  # a witness hears all of it, so it was told to the others too
                for bucket in range(last - 30, last):
                    connection.execute(CHANGED, [barn.farm_id, bucket_start(bucket)])
                while heard.count(b"event: windows") < 30 * told:
                    heard += witness.recv(65536)
        process.send_signal(signal.SIGTERM)

        assert process.wait(60) == 0


CHANGED = """INSERT INTO changed_bucket (farm_id, bucket) VALUES (%s, %s)
ON CONFLICT (farm_id, bucket) DO UPDATE SET version = changed_bucket.version + 1"""


def listens(address, header, room=65536):
    """A connection on which events are asked for; what comes first is read, and so much more has room."""
    host, port = address.removeprefix("http://").split(":")
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
    deaf.connect((host, int(port)))
    deaf.sendall(f"GET /v1/live HTTP/1.1\r\nHost: x\r\n{header}\r\n\r\n".encode())
    heard = b""
    while b"retry: " not in heard:
        heard += deaf.recv(512)
    return deaf


def wait_for_lock(url):
    query = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    with psycopg.connect(url, autocommit=True) as looking:
        wait_until(lambda: looking.execute(query).fetchone() is not None)


def test_a_taken_port_is_told_in_one_sentence(api_url, yards):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UnavailableError, match=f"can't listen on 127.0.0.1, port {port}"):
            serve(database_url=api_url, signing_key=b"k" * 32, host="127.0.0.1", port=port)


def test_small_answers_are_sent_at_once():
    """Connections take the protocol of their listener, and asyncio turns Nagle's delay off only for named ones."""
    with (
        listening("127.0.0.1", 0) as listener,
        socket.create_connection(listener.getsockname()),
        listener.accept()[0] as accepted,
    ):
        assert (accepted.type, accepted.proto) == (socket.SOCK_STREAM, socket.IPPROTO_TCP)


def test_a_role_that_sees_every_farm_is_not_served_with(database_url, yards):
    with pytest.raises(SettingsError, match="sees every farm"):
        serve(database_url=database_url, signing_key=b"k" * 32, host="127.0.0.1", port=0)


def test_a_short_key_is_not_served_with(api_url):
    with pytest.raises(SettingsError, match="32 or more"):
        serve(database_url=api_url, signing_key=b"short", host="127.0.0.1", port=0)

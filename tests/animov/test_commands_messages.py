"""Messages go to and come from a broker, and Ctrl-C ends each command in order."""

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from animov.traffic import present_reached
from bench.waiting import answers, wait_until
from core.readings import Message
from ingest.decoding import make_decoder
from ingest.mqtt.endpoint import serve
from ingest.publisher import Publisher
from ingest.recording import RecordingError, RecordingReader, RecordingWriter

ROOT = Path(__file__).parents[2]
MESSAGES = [Message(f"animov/v1/f/c{number % 3}/samples", 1_000_000 + number, b"{}") for number in range(700)]


@contextmanager
def endpoint():
    """A real endpoint in a thread that acknowledges at once; its URL, what it took, and an event at the first."""
    taken, first, up, end = [], threading.Event(), threading.Event(), []

    def intake(batch):
        taken.extend(batch.messages)
        batch.settle()
        first.set()

    async def run():
        ending = asyncio.Event()
        async with serve("127.0.0.1", 0, intake=intake, now_ms=lambda: 0) as listening:
            end.extend((asyncio.get_running_loop(), ending, f"mqtt://127.0.0.1:{listening.port}"))
            up.set()
            await ending.wait()

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    assert up.wait(60)
    try:
        yield end[2], taken, first
    finally:
        end[0].call_soon_threadsafe(end[1].set)
        thread.join()


PATIENT = "from animov import traffic; traffic.GRACE_S = 60; from animov.cli import main; main()"
"""`animov`, but whoever is told to end waits longer for what the broker has still to acknowledge."""


@contextmanager
def animov(*words):
    process = subprocess.Popen(
        [sys.executable, "-c", PATIENT, *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def ended(process):
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


@pytest.fixture
def recording(tmp_path):
    path = tmp_path / "it.jsonl.gz"
    with RecordingWriter(path) as writer:
        for message in MESSAGES:
            writer.write(message)
    return path


def test_a_replay_publishes_all_of_it_in_order(run, recording):
    with endpoint() as (url, taken, _):
        done = run("replay", recording, "--broker", url, "--speed", "max")

    assert done == (0, "700 messages published and acknowledged\n", "")
    assert [(message.topic, message.payload) for message in taken] == [
        (message.topic, message.payload) for message in MESSAGES
    ]


def test_a_recording_that_ends_early_is_replayed_up_to_there(run, recording, tmp_path):
    torn = tmp_path / "torn.jsonl"
    torn.write_text(
        '{"format":"animov-recording","version":1}\n{"t":1,"topic":"a","qos":1,"retain":false,"payload":""}\n{"t'
    )
    with endpoint() as (url, taken, _):
        done = run("replay", torn, "--broker", url, "--speed", "max")

    assert (done.code, done.out, len(taken)) == (1, "", 1)
    assert done.err == f"animov: recording {torn}, line 3: the file ends within this line, its writer was interrupted\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_replay_told_to_end_says_how_far_it_came(tmp_path, number):
    path = tmp_path / "slow.jsonl"
    with RecordingWriter(path) as writer:
        writer.write(MESSAGES[0])
        writer.write(MESSAGES[1]._replace(received_at=10**12))  # in some thirty years
    with endpoint() as (url, taken, first), animov("replay", path, "--broker", url) as process:
        assert first.wait(60)
        process.send_signal(number)

        assert ended(process) == (0, "1 messages published and acknowledged\n", "")
    assert len(taken) == 1


def test_a_simulation_publishes_what_a_node_admits_and_ends_by_itself(run):
    words = ("--from", "2026-05-01T10:00Z", "--to", "2026-05-01T10:05Z", "--speed", "max", "--backfill-days", "0.25")
    with endpoint() as (url, taken, _):
        done = run("simulate", "--broker", url, "--farm", "barn", "--goats", 5, "--groups", 4, *words)

    assert done == (0, f"{len(taken):,} messages published and acknowledged\n", "")
    decode = make_decoder(future_limit=timedelta(0), age_limit=None, aliases={})
    present = int(datetime.now(UTC).timestamp() * 1000)
    heard = [one for message in taken for one in decode(message._replace(received_at=present))]
    assert {str(one.collar) for one in heard} == {
        "barn/leg-01",
        "barn/leg-02",
        "barn/collar-03",
        "barn/collar-04",
        "barn/leg-05",
    }
    kinds = [message.topic.rpartition("/")[2] for message in taken]
    assert kinds.index("samples") == kinds.count("posture") > 0


def test_a_simulated_herd_is_taken_into_service_on_request(node, database_url):
    words = ("--from", "2026-05-01T10:00Z", "--to", "2026-05-01T10:00:30Z", "--speed", "max", "--onboard")
    with endpoint() as (url, _, _):
        done = node("simulate", "--broker", url, "--goats", 2, "--groups", 2, *words)

    assert done.code == 0
    shown = node("collar", "add", "demo/leg-01", "--mount", "leg")
    assert shown.out == "demo/leg-01 is read as a leg tag, axes fwd,up,right\n"  # and nothing had to be read again


def test_a_simulation_told_to_end_ends():
    with endpoint() as (url, taken, first), animov("simulate", "--broker", url, "--backfill-days", "0.1") as process:
        assert first.wait(60)
        process.send_signal(signal.SIGINT)
        code, out, err = ended(process)

    assert (code, err) == (0, "")
    assert out == f"{len(taken):,} messages published and acknowledged\n"


AGES = st.integers(0, 10).map(lambda hours: timedelta(hours=hours))


@given(age=AGES, speed=st.one_of(st.none(), st.sampled_from([0.5, 1, 2, 60])))
def test_a_fast_simulation_never_runs_ahead_of_the_wall_clock(age, speed):
    now = datetime(2026, 5, 1, tzinfo=UTC)
    start = now - age

    met = present_reached(start, now, speed)

    assert met >= start
    if speed is not None and speed > 1:
        wall_passed = (met - start) / speed  # what the simulation needs to get there
        assert abs((now + wall_passed) - met) <= timedelta(microseconds=2)


def recorded(path):
    """Payloads that are in a recording so far, whose writer may be at work."""
    found = []
    with suppress(RecordingError, FileNotFoundError), RecordingReader(path) as reader:
        for one in reader:
            found.append(one.message.payload)  # noqa: PERF401 - what came before a torn end counts
    return found


def broker_up(port):
    wait_until(lambda: answers(port))
    return f"mqtt://127.0.0.1:{port}"


@pytest.mark.mosquitto
def test_what_passes_a_broker_is_recorded_until_told_to_end(tmp_path):
    path = tmp_path / "it.jsonl.gz"
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    configuration = tmp_path / "mosquitto.conf"
    configuration.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    program = shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")
    broker = subprocess.Popen([program, "-c", configuration], stderr=subprocess.DEVNULL)
    try:
        with (
            Publisher(broker_up(port), "test") as publisher,
            animov("record", path, "--broker", f"mqtt://127.0.0.1:{port}", "--topic", "animov/#") as process,
        ):
            count = 0
            while not recorded(path):  # until the subscription stands
                assert process.poll() is None
                publisher.publish("animov/v1/f/c/samples", json.dumps(count).encode())
                publisher.drain()
                count += 1
            publisher.publish("animov/v1/f/c/samples", b"last")
            wait_until(lambda: recorded(path)[-1] == b"last")
            process.send_signal(signal.SIGINT)
            code, out, err = ended(process)
    finally:
        broker.terminate()
        broker.wait()

    assert (code, err) == (0, f"recording to {path} until Ctrl-C\n")
    assert out == f"{path} holds {len(recorded(path)):,} messages\n"

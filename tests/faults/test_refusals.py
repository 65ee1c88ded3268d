"""What a node can't take or do ends in one clear message, and costs nobody else an acknowledged message."""

import json
import os
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from sqlalchemy import text

from bench import herds
from bench.nodes import edge_node
from bench.processes import forget_peak, memory_bytes
from bench.publisher import RawPublisher, encode
from core.settings import Settings
from ingest.mqtt.testing import connect, publish

ROOT = Path(__file__).parents[2]


def event(at_ms, up=0.97):
    return json.dumps({"t": at_ms, "x": 0.1, "y": up, "z": 0.1}).encode()


def send(node, *messages):
    RawPublisher(node.port, encode(messages), window=100).run()


def refused(node, farm):
    query = """SELECT r.code, r.detail, r.count, r.payload FROM rejected_message r JOIN farm f ON f.id = r.farm_id
      WHERE f.name = :farm"""
    with node.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query), {"farm": farm})]


def test_a_clock_that_is_ahead_is_acknowledged_kept_and_said(shared_node):
    """Five minutes are admitted; what lies further ahead is kept with its reason, and the rest is committed."""
    herds.take_into_service(shared_node.engine, "clock", 2)
    now = round(time.time() * 1000)
    ahead, right = event(now + 6 * 60_000), event(now + 60_000)
    send(
        shared_node,
        ("animov/v1/clock/tag-0/samples", right),
        ("animov/v1/clock/tag-0/samples", ahead),
        ("animov/v1/clock/tag-1/samples", right),
    )

    (code, detail, count, payload), *others = refused(shared_node, "clock")
    assert (code, count, bytes(payload), others) == ("future", 1, ahead, [])
    assert "is later than" in detail
    assert {name for name, _ in herds.stored_evidence(shared_node.engine, "clock")} == {"tag-0", "tag-1"}


def test_an_unknown_collar_is_made_and_received(shared_node):
    send(shared_node, ("animov/v1/unknown/stranger/samples", event(herds.T0 * 1000)))

    query = """SELECT c.name, e.method, bit_count(e.received) FROM evidence e JOIN collar c ON c.id = e.collar_id
      JOIN farm f ON f.id = c.farm_id WHERE f.name = 'unknown'"""
    with shared_node.engine.connect() as connection:
        assert [tuple(row) for row in connection.execute(text(query))] == [("stranger", 0, 1)]
    assert refused(shared_node, "unknown") == []


def test_a_payload_of_ten_megabytes_ends_its_connection_alone(tmp_path, capfd, wait):
    """What was published before it on the same connection is committed; others go on; no memory is spent on it."""
    with edge_node(Settings(data_dir=tmp_path, mqtt_port=0)) as node:
        herds.take_into_service(node.engine, "big", 2)
        forget_peak(node.pid)
        before = memory_bytes(node.pid)
        with socket.create_connection(("127.0.0.1", node.port)) as greedy:
            greedy.sendall(connect("greedy") + publish("animov/v1/big/tag-0/samples", event(herds.T0 * 1000), qos=1))
            huge = publish("animov/v1/big/tag-0/samples", bytes(10_000_000), qos=1, packet_id=2)
            with suppress(OSError):  # whether this end still writes when the other has closed is chance
                greedy.sendall(huge)
            wait(lambda: ended(greedy))
        peak = memory_bytes(node.pid, peak=True)
        send(node, ("animov/v1/big/tag-1/samples", event(herds.T0 * 1000)))
        wait(lambda: len(herds.stored_evidence(node.engine, "big")) == 2)

    assert "packet_too_large" in capfd.readouterr().err
    assert peak - before < 5_000_000


def ended(connection):
    """Read on; tell whether the other end has closed."""
    try:
        return connection.recv(65_536) == b""
    except OSError:
        return True


def failed(*words):
    """Run a command that is refused, and return what it says last."""
    done = subprocess.run(
        [sys.executable, "-m", "animov", *words],
        cwd=ROOT,
        env={**os.environ, "ANIMOV_LOG_LEVEL": "ERROR"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    return done.stderr.strip().splitlines()


def test_a_taken_mqtt_port_is_named(shared_node):
    folder = str(shared_node.settings.data_dir)

    (said,) = failed("ingest", "--data-dir", folder, "--mqtt-port", str(shared_node.port))

    assert said.startswith(f"animov: MQTT cannot listen on 127.0.0.1:{shared_node.port} (")
    assert said.endswith("address already in use); choose another port")


def test_a_data_directory_of_another_version_is_left_as_it_is(tmp_path):
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("16\n")

    (said,) = failed("up", "--data-dir", str(tmp_path), "--mqtt-port", "0", "--api-port", "0")

    assert said.startswith(f"animov: {tmp_path}/postgres was made by PostgreSQL 16, this AniMOV runs 18; ")
    assert [path.name for path in (tmp_path / "postgres").iterdir()] == ["PG_VERSION"]


def test_a_data_directory_in_use_is_named(shared_node):
    folder = str(shared_node.settings.data_dir)

    (said,) = failed("up", "--data-dir", folder, "--mqtt-port", "0", "--api-port", "0")

    assert said.startswith(f"animov: {folder} is in use by process {os.getpid()}; ")


def test_a_signal_that_comes_with_the_word_ready_is_an_ordinary_end(shared_node):
    ended_at_once = """
import os, signal
from animov import edge
from animov.cli import main

edge.say_ready = lambda **_: os.kill(os.getpid(), signal.SIGTERM)
main()
"""
    words = ["ingest", "--mqtt-port", "0", "--data-dir", str(shared_node.settings.data_dir)]
    assert subprocess.run([sys.executable, "-c", ended_at_once, *words], check=False, timeout=120).returncode == 0

"""While the database does not answer nothing is acknowledged, reading pauses, memory stays bounded; then all goes on.

The pause is short here; `FAULTS_AWAY_S=60` makes it as long as anybody likes.
"""

import os
import signal
import time
from contextlib import contextmanager

from bench import herds
from bench.loads import Load
from bench.nodes import edge_node
from bench.processes import memory_bytes
from bench.publisher import RawPublisher, encode
from core.settings import Settings
from storage.embedded.leftovers import servers_on

AWAY_S = float(os.environ.get("FAULTS_AWAY_S", "4"))
INBOX = 4_194_304
LOAD = Load(farm="away", collars=20, size=25, hz=10, seed=4)
MESSAGES = 60_000  # 45 MB, more than the inbox and the sockets hold: Linux lets a receive buffer grow to 33 MB


@contextmanager
def frozen(cluster):
    """Hold the whole server as it is."""
    pids = servers_on(cluster)
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def test_a_database_that_is_away_under_load_costs_time_and_nothing_else(
    tmp_path, monkeypatch, capfd, wait, still, in_background
):
    monkeypatch.setenv("ANIMOV_INBOX_BYTES", str(INBOX))
    with edge_node(Settings(data_dir=tmp_path, mqtt_port=0)) as node:
        ride_out(node, wait, still, in_background)

    assert "mqtt.paused" in capfd.readouterr().err


def ride_out(node, wait, still, in_background):
    """Freeze the server in the middle of a load and hold what must be true during and after."""
    herds.take_into_service(node.engine, LOAD.farm, LOAD.collars)
    packets = encode(LOAD.messages(0, MESSAGES))
    publisher = RawPublisher(node.port, packets, window=65_000)
    with in_background(publisher.run) as publishing:
        wait(lambda: publisher.acknowledged > MESSAGES // 20)
        with frozen(node.settings.data_dir / "postgres"):
            acknowledged, sent = still(lambda: (publisher.acknowledged, publisher.sent))
            begun, before = time.monotonic(), memory_bytes(node.pid)
            wait(lambda: time.monotonic() - begun > AWAY_S, seconds=AWAY_S + 60)
            after = (publisher.acknowledged, publisher.sent, memory_bytes(node.pid))
        wait(lambda: publisher.acknowledged == MESSAGES, seconds=120)
        publishing.join()
        evidence = herds.stored_evidence(node.engine, LOAD.farm)
        windows = herds.stored_windows(node.engine, LOAD.farm)

    assert after[:2] == (acknowledged, sent)
    assert sent < MESSAGES
    assert after[2] - before < 2 * INBOX
    assert after[2] < 250e6
    assert publisher.connections == 1
    assert evidence == herds.expected(LOAD.events(MESSAGES))
    assert windows == herds.windows_of(evidence)

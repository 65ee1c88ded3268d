"""SIGKILL of the edge and of the database at random moments loses and doubles nothing.

A publisher that sends again what was not acknowledged, events whose seconds collide, a node of real processes. The
same check fails for an edge that acknowledges before it commits, so it does see what it is there to see.
"""

import os
import random
import signal
import sys
import threading
from pathlib import Path

import pytest

from animov.ports import free_port
from animov.supervisor import Child
from bench import herds
from bench.nodes import edge_node
from bench.processes import descendants, identify
from bench.publisher import RawPublisher, encode
from core.settings import Settings
from storage.embedded.leftovers import postmaster_pid, servers_on

MESSAGES, COLLARS, SECONDS = 50_000, 20, 2700
WINDOW, KILLS = 500, 10
SEED = 20261122

HASTY = """
from dataclasses import replace
from animov import edge
from animov.cli import main
from core.delivery import Batch


class Hasty(edge.Runner):
    def intake(self, batch: Batch) -> None:
        super().intake(replace(batch, settle=lambda: None))
        batch.settle()


edge.Runner = Hasty
main()
"""
"""An edge from which the order 'commit before acknowledge' is taken away."""


def farm_of(engine, farm, events):
    herds.take_into_service(engine, farm, COLLARS)
    return encode(herds.single(farm, events))


def rows(engine, farm):
    return herds.stored_evidence(engine, farm), herds.stored_windows(engine, farm)


class Storm:
    """Kills while a publisher publishes; `struck` is what was unacknowledged, `acknowledged` what was, at each kill."""

    def __init__(self, port, packets, wait, seed):
        self.publisher = RawPublisher(port, packets, window=WINDOW, client_id="storm")
        self.struck = []
        self.acknowledged = []
        self.processes = set()
        self._killed = set()
        self._wait = wait
        self._chance = random.Random(seed)
        self._count = packets.messages

    def rage(self, victims, enough=lambda: False):
        """Publish everything; at random points of it kill what the victims, called then, return; None: again.

        The rest of them are spared once there has been enough.
        """
        thread = threading.Thread(target=self.publisher.run, daemon=True)
        thread.start()
        moments = sorted(self._chance.sample(range(100, self._count // 2), len(victims)))
        for moment, victim in zip(moments, victims, strict=True):
            since = max(moment, self.publisher.acknowledged + self._chance.randrange(1, WINDOW))
            self._wait(lambda since=since: self.publisher.acknowledged >= since, look_again_s=0.0002)
            if enough():
                break
            self._wait(lambda victim=victim: self._strike(victim))
        thread.join(120)
        assert not thread.is_alive(), f"only {self.publisher.acknowledged} were acknowledged"

    def _strike(self, victim):
        """Kill a process that lives and was not killed before: its supervisor may not have seen that yet."""
        pid = victim()
        process = identify(pid) if pid else None
        if process is None or process in self._killed:
            return False
        self.processes |= descendants(pid)
        acknowledged, unacknowledged = self.publisher.acknowledged, self.publisher.unacknowledged
        if not unacknowledged:
            return False
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:  # it ended by itself meanwhile
            return False
        self._killed.add(process)
        self.struck.append(unacknowledged)
        self.acknowledged.append(acknowledged)
        return True


@pytest.mark.timeout(600)  # ten times an edge starts anew, three times the database
def test_kills_of_the_edge_and_of_the_database_change_no_row(tmp_path: Path, up, wait, left_behind):
    """Ten kills of the edge and three of the database, while 50,000 messages go through `animov up`."""
    events = herds.colliding(MESSAGES, collars=COLLARS, seconds=SECONDS, seed=SEED)
    chance = random.Random(SEED)
    with up(tmp_path) as node:
        cluster = tmp_path / "postgres"
        RawPublisher(node.port, farm_of(node.engine, "calm", events), window=WINDOW).run()
        storm = Storm(node.port, farm_of(node.engine, "storm", events), wait, SEED)

        def edge():
            """The edge once the publisher is connected to it; it may not have noticed yet that the last one is gone."""
            killed = victims[: len(storm.struck)].count(edge)
            return node.edge() if storm.publisher.connections > killed else None

        def backend():
            return chance.choice([pid for pid in servers_on(cluster) if pid != postmaster_pid(cluster)] or [None])

        victims = [edge] * KILLS + [backend] + [lambda: postmaster_pid(cluster)] * 2
        chance.shuffle(victims)
        storm.processes |= node.processes()
        storm.rage(victims)
        calm, stormy = rows(node.engine, "calm"), rows(node.engine, "storm")
        storm.processes |= node.processes()
        code = node.end()

    evidence = herds.expected(events)
    assert len(storm.struck) == KILLS + 3
    assert min(storm.struck) > 0
    assert storm.publisher.connections > KILLS
    assert stormy == calm
    assert calm == (evidence, herds.windows_of(evidence))
    assert code == 0
    assert left_behind(storm.processes) == []


def test_the_check_sees_an_edge_that_acknowledges_before_it_commits(tmp_path: Path, quick_restarts, wait):
    """The same storm with the order taken away: rows are missing, and nothing is there that was not sent.

    It rages until something is lost for good, which nearly every kill brings about, and every one may miss.
    """
    events = herds.colliding(MESSAGES // 2, collars=COLLARS, seconds=SECONDS, seed=SEED)
    settings = Settings(data_dir=tmp_path, mqtt_port=free_port("127.0.0.1"), log_level="WARNING")
    argv = (sys.executable, "-c", HASTY, "ingest", "--mqtt-port", str(settings.mqtt_port), "--data-dir", str(tmp_path))
    with edge_node(settings, Child(name="edge", argv=argv)) as node:
        storm = Storm(node.port, farm_of(node.engine, "storm", events), wait, SEED)

        def lost():
            """Seconds that a killed edge was told and acknowledged, that nobody tells again, and that are not there."""
            told = storm.acknowledged[-1] if storm.acknowledged else 0
            stored = herds.stored_evidence(node.engine, "storm")
            return seconds_told(events[:told]) - seconds_told(events[told:]) - seconds_of(stored)

        storm.rage([lambda: node.supervisor.pid("edge")] * KILLS, enough=lost)
        node.supervisor.stop("edge")  # in order: it commits what it has acknowledged last
        found, windows = rows(node.engine, "storm")

    expected = herds.expected(events)
    assert found != expected
    assert windows != herds.windows_of(expected)
    assert seconds_of(found) < seconds_told(events)


def seconds_told(events):
    """Every second of every collar of which events tell."""
    return {(f"tag-{collar}", at // 1000) for collar, at, _ in events}


def seconds_of(evidence):
    """Every second of every collar that was received."""
    return {
        (collar, 900 * bucket + place)
        for (collar, bucket), (received, _, _) in evidence.items()
        for place, bit in enumerate(received)
        if bit == "1"
    }

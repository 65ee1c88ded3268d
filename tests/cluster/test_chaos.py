"""Parts of a cluster die, come and go while it works: every row is there once, and nothing is left behind."""

import pytest

from bench import chaos
from bench.cluster import PROGRAM

pytestmark = [pytest.mark.kafka, pytest.mark.mosquitto]

TOO_EARLY = """
from core.delivery import Batch
from stream.runner import Runner

intake = Runner.intake

def settle_first(self, batch):
    batch.settle()
    intake(self, Batch(batch.messages, lambda: None))

Runner.intake = settle_first
"""

TOO_EARLY_FOR_KAFKA = """
from core.delivery import Batch
from ingest.kafka.bridge import Bridge

intake = Bridge.intake

def settle_first(self, batch):
    batch.settle()
    intake(self, Batch(batch.messages, lambda: None))

Bridge.intake = settle_first
"""


@pytest.mark.timeout(600)
def test_whatever_dies_no_row_is_lost_or_doubled():
    told = chaos.run(messages=4000, faults=9, seed=1)
    assert sum(told["faults"].values()) == 9
    assert len(told["faults"]) == 9


@pytest.mark.timeout(600)
def test_without_commit_before_acknowledgement_rows_are_lost(monkeypatch):
    """The test above would see it."""
    monkeypatch.setattr(chaos, "_LOST_S", 30)
    monkeypatch.setattr(chaos, "_HASTE_S", 10)
    with pytest.raises(chaos.LostError, match="have no rows"):
        chaos.run(messages=2000, faults=1, seed=1, worker_program=TOO_EARLY + PROGRAM)


@pytest.mark.timeout(600)
def test_with_a_bridge_that_acknowledges_before_kafka_has_it_rows_are_lost(monkeypatch):
    monkeypatch.setattr(chaos, "_LOST_S", 30)
    monkeypatch.setattr(chaos, "_HASTE_S", 10)
    monkeypatch.setattr(chaos, "_KINDS", (chaos._kill_a_bridge,))
    with pytest.raises(chaos.LostError, match="have no rows"):
        chaos.run(messages=2000, faults=1, seed=1, bridge_program=TOO_EARLY_FOR_KAFKA + PROGRAM)

"""The bench of a cluster runs to its end and tells what it found."""

import pytest

from bench.cluster_costs import run, told

pytestmark = [pytest.mark.kafka, pytest.mark.mosquitto]


@pytest.mark.timeout(600)
def test_it_tells_of_the_bridge_and_of_the_worker():
    found = run(2000, [25], probes=30)
    assert found["bridge"]["messages"] == 2000
    assert [(one["size"], one["messages"]) for one in found["workers"]] == [(25, 40_000)]
    assert all(one["whole_per_cpu_s"] > 0 for one in found["workers"])
    whole = found["whole"]
    assert [whole[load]["probes"] for load in ("quiet", "half", "full")] == [3, 30, 30]
    assert whole["half"]["load_per_s"] == whole["full"]["load_per_s"] / 2 == whole["messages_per_s"] / 2
    assert all(0 < whole[load]["p50_ms"] <= whole[load]["p99_ms"] for load in ("quiet", "half", "full"))
    assert whole["half_to_quiet"] == whole["half"]["p99_ms"] / whole["quiet"]["p99_ms"]
    assert told(found).count("\n") == 10

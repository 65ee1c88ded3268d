"""Without the libraries of the cluster each command that needs them says in one sentence what brings them."""

import subprocess
import sys

import pytest

WITHOUT = "import sys; sys.modules.update(aiokafka=None, faust=None); from animov.cli import main; main()"


@pytest.mark.parametrize(
    "words", [["bench", "cluster"], ["bench", "chaos"], ["stream"], ["ingest", "--to", "kafka", "--mqtt-port", "0"]]
)
def test_a_command_of_the_cluster_names_what_brings_its_libraries(words, database_url, monkeypatch):
    monkeypatch.setenv("ANIMOV_DATABASE_URL", database_url)
    monkeypatch.setenv("ANIMOV_KAFKA_BROKERS", "127.0.0.1:9")
    argv = [sys.executable, "-c", WITHOUT, *words]
    ended = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    said = ended.stderr.strip().splitlines()[-1]
    assert said.endswith("is not installed here: 'uv sync --extra cluster' brings what Kafka needs")

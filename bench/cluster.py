"""The roles of a cluster as plain processes of this machine, each restarted when it dies."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from animov.supervisor import Child, Supervisor

READY_S = 180.0

PROGRAM = "from core import backoff; backoff.LONGEST_S = 0.4; from animov.cli import main; main()"
"""`animov`, but who is killed again and again does not wait up to ten seconds for the next attempt."""


@dataclass(slots=True)
class Cluster:
    """Bridges and workers on one database and one Kafka.

    Attributes:
        environment: Settings of every role, as variables.
        supervisor: Keeps the roles alive.
        roles: Names of those that are there.
        bridge_program: Python that is to run as a bridge, its words in `sys.argv`.
        worker_program: Python that is to run as a worker, its words in `sys.argv`.
    """

    environment: Mapping[str, str]
    supervisor: Supervisor
    roles: list[str] = field(default_factory=list)
    bridge_program: str = PROGRAM
    worker_program: str = PROGRAM

    def bridge(self, name: str, *, broker: str | None = None) -> None:
        """Start a bridge: a member of the group at a broker, or with an endpoint of its own."""
        at = ("--mqtt-port", "0") if broker is None else ("--broker", broker, "--group", "bridges", "--client-id", name)
        self._start(name, "ingest", "--to", "kafka", *at, program=self.bridge_program)

    def worker(self, name: str) -> None:
        """Start a worker."""
        self._start(name, "stream", "--runner", "faust", program=self.worker_program)

    def ready(self, *names: str) -> None:
        """Wait until roles are there, all of them unless some are named."""
        for name in names or self.roles:
            self.supervisor.await_ready(name, READY_S)

    def stop(self, name: str) -> None:
        """End a role in order."""
        self.roles.remove(name)
        self.supervisor.stop(name)

    def _start(self, name: str, *words: str, program: str) -> None:
        argv = (sys.executable, "-c", program, *words)
        self.supervisor.start(Child(name=name, argv=argv, env=self.environment))
        self.roles.append(name)


@contextmanager
def cluster(kafka: str, topic: str, **settings: str) -> Iterator[Cluster]:
    """Give a cluster without roles; those that are started end with the block.

    Args:
        kafka: Where its clients begin.
        topic: Name of the topic, and of the group of workers.
        settings: Further ones, among them `database_url` or `data_dir`.
    """
    named = {
        "kafka_brokers": kafka,
        "kafka_topic": topic,
        "kafka_group": topic,
        "log_level": "WARNING",
        **settings,
    }
    environment = {f"ANIMOV_{name.upper()}": value for name, value in named.items()}
    with Supervisor() as supervisor:
        yield Cluster(environment, supervisor)

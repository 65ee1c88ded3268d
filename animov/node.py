"""A whole node: the database, and beneath one supervisor the edge, the forecast worker and the API."""

import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from animov.supervisor import Child, Supervisor
from core.logs import get_logger
from core.settings import Settings
from storage import embedded, provision, secrets
from storage.provision import Access

log = get_logger(__name__)

READY_S = 120.0
"""Seconds that a part may take until it answers: the first start imports much from a cold disk."""

_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(frozen=True, slots=True)
class Node:
    """Where the parts of a node answer."""

    access: Access
    api: str
    mqtt: str


@contextmanager
def database_of(settings: Settings) -> Iterator[Access]:
    """Run the node's database for the time of the block, or use the one that the settings name; tables up to date."""
    if settings.database_url is not None:
        access = provision.access_by_url(settings.database_url.get_secret_value())
        provision.prepare(access)
        yield access
        return
    with embedded.running(settings.data_dir, db_port=settings.db_port) as address:
        folder = settings.data_dir.expanduser().resolve()
        yield provision.prepare_embedded(address, secrets.load(folder))


def start_edge(supervisor: Supervisor, settings: Settings) -> str:
    """Start the edge, wait until it listens and return its MQTT address."""
    port = settings.mqtt_port or free_port(settings.host)
    supervisor.start(_child("edge", settings, "ingest", "--host", settings.host, "--mqtt-port", str(port)))
    return supervisor.await_ready("edge", READY_S)["mqtt"]


def start_api(supervisor: Supervisor, settings: Settings) -> str:
    """Start the API, wait until it answers and return its address."""
    port = settings.api_port or free_port(settings.host)
    supervisor.start(_child("api", settings, "api", "--host", settings.host, "--api-port", str(port)))
    return supervisor.await_ready("api", READY_S)["api"]


def start_forecast(supervisor: Supervisor, settings: Settings) -> None:
    """Start the forecast worker, behind everything else in line for the processor, and wait until it is ready."""
    supervisor.start(_child("forecast", settings, "forecast", env=_ONE_THREAD, niceness=10))
    supervisor.await_ready("forecast", READY_S)


@contextmanager
def whole_node(supervisor: Supervisor, settings: Settings) -> Iterator[Node]:
    """Run everything for the time of the block; what was started is ended in order."""
    with ExitStack() as stack:
        access = stack.enter_context(database_of(settings))
        stack.enter_context(supervisor)
        node = Node(access, mqtt=start_edge(supervisor, settings), api=start_api(supervisor, settings))
        start_forecast(supervisor, settings)
        yield node


def ready_line(node: Node, settings: Settings) -> str:
    """Return the one line that scripts wait for."""
    return f"ready api={node.api} mqtt={node.mqtt} data={settings.data_dir}"


def free_port(host: str) -> int:
    """Return a port that is free now, so that a part keeps its address when it is started again."""
    with socket.create_server((host, 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


def _child(name: str, settings: Settings, *words: str, env: dict[str, str] | None = None, niceness: int = 0) -> Child:
    argv = (sys.executable, "-m", "animov", *words, "--data-dir", str(settings.data_dir))
    return Child(name=name, argv=argv, env=env or {}, niceness=niceness)

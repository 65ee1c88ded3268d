"""A whole node: the database, and beneath one supervisor the edge, the forecast worker and the API."""

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial

from animov.access import node_access
from animov.ports import free_port
from animov.supervisor import Child, Supervisor
from core.settings import Settings
from storage import embedded
from storage.upkeep.provision import Access

READY_S = 120.0
"""Seconds that a part may take until it answers: the first start imports much from a cold disk."""


@dataclass(frozen=True, slots=True)
class Node:
    """Where the parts of a node answer."""

    access: Access
    api: str
    mqtt: str


def database_of(settings: Settings) -> AbstractContextManager[Access]:
    """Run the node's database for the time of a block, or use the one that the settings name; tables up to date."""
    return node_access(settings, partial(embedded.running, db_port=settings.db_port))


EDGE, API, FORECAST, HOMEASSISTANT = "edge", "api", "forecast", "homeassistant"


def parts_beside(settings: Settings) -> tuple[str, ...]:
    """Return the parts that a node has only if the settings want them.

    Raises:
        SettingsError: one is wanted with settings that can't work.
    """
    if settings.homeassistant_url is None:
        return ()
    from animov.homeassistant import broker_of, judge_of  # noqa: PLC0415 - paho, which few nodes need

    broker_of(settings), judge_of(settings)
    return (HOMEASSISTANT,)


def start(supervisor: Supervisor, settings: Settings, *parts: str) -> None:
    """Start parts of a node, without waiting for them.

    The forecast worker, and what shows farms elsewhere, stand behind everything else in line for the processor.
    """
    children = {
        EDGE: lambda: _child(
            EDGE, settings, "ingest", "--mqtt-port", str(settings.mqtt_port or free_port(settings.host))
        ),
        API: lambda: _child(API, settings, "api", "--api-port", str(settings.api_port or free_port(settings.host))),
        FORECAST: lambda: _child(FORECAST, settings, "forecast", niceness=10),
        HOMEASSISTANT: lambda: _child(HOMEASSISTANT, settings, "homeassistant", niceness=10),
    }
    for part in parts:
        supervisor.start(children[part]())


@contextmanager
def whole_node(supervisor: Supervisor, settings: Settings) -> Iterator[Node]:
    """Run everything for the time of the block; what was started is ended in order."""
    parts = (EDGE, API, FORECAST, *parts_beside(settings))
    with database_of(settings) as access, supervisor:
        start(supervisor, settings, *parts)
        yield addresses(supervisor, access, *parts)


def addresses(supervisor: Supervisor, access: Access, *parts: str) -> Node:
    """Wait until parts are ready and return where they answer."""
    facts = {name: value for part in parts for name, value in supervisor.await_ready(part, READY_S).items()}
    return Node(access, mqtt=facts.get("mqtt", ""), api=facts.get("api", ""))


def ready_line(node: Node, settings: Settings) -> str:
    """Return the one line that scripts wait for."""
    return f"ready api={node.api} mqtt={node.mqtt} data={settings.data_dir}"


def _child(name: str, settings: Settings, *words: str, niceness: int = 0) -> Child:
    argv = (sys.executable, "-m", "animov", *words, "--data-dir", str(settings.data_dir))
    env = {
        "ANIMOV_HOST": settings.host,
        "ANIMOV_LOG_LEVEL": settings.log_level,
        "ANIMOV_HOMEASSISTANT_NODE": settings.homeassistant_node,
    }
    return Child(name=name, argv=argv, env=env, niceness=niceness)

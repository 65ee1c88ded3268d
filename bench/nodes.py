"""A node without API and forecasts: the embedded database and a real edge process, restarted when it dies."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from animov import node
from animov.supervisor import Child, Supervisor
from core.settings import Settings
from storage.engine.database import Engine, engine_for
from storage.upkeep.provision import Access


@dataclass(frozen=True, slots=True)
class EdgeNode:
    """A running edge and its database.

    Attributes:
        settings: Of the node.
        access: How to reach the database.
        engine: Connects as the role that writes.
        port: Of the MQTT endpoint.
        supervisor: Knows the process of the edge.
    """

    settings: Settings
    access: Access
    engine: Engine
    port: int
    supervisor: Supervisor

    @property
    def pid(self) -> int:
        """The edge's process; waits for it while it is being started again."""
        self.supervisor.await_ready(node.EDGE, node.READY_S)
        return self.supervisor.pid(node.EDGE) or self.pid


@contextmanager
def edge_node(settings: Settings, edge: Child | None = None) -> Iterator[EdgeNode]:
    """Run database and edge for the time of the block; `edge` takes the place of the ordinary process."""
    with node.database_of(settings) as access, Supervisor() as supervisor:
        if edge is None:
            node.start(supervisor, settings, node.EDGE)
        else:
            supervisor.start(edge)
        mqtt = node.addresses(supervisor, access, node.EDGE).mqtt
        engine = engine_for(access.app)
        try:
            yield EdgeNode(settings, access, engine, int(mqtt.rpartition(":")[2]), supervisor)
        finally:
            engine.dispose()

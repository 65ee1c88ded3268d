"""Where at the broker everything is."""

import re
from dataclasses import dataclass
from typing import Final

_BIRTH: Final = "homeassistant/status"
"""Where Home Assistant says that it is there, unless somebody set another; it does not follow the discovery prefix."""


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of one node.

    Attributes:
        prefix: Discovery prefix, as it is set in Home Assistant.
        node: Name of the node; what belongs to two nodes on one broker differs by it.
    """

    prefix: str = "homeassistant"
    node: str = "animov"

    def farm(self, farm_id: int) -> str:
        """Return the id of a farm's device: it stays whatever the farm is called."""
        return f"{self.node}-farm{farm_id}"

    def group(self, group_id: int) -> str:
        """Return the id of a group's device: it stays whatever the group is called."""
        return f"{self.node}-group{group_id}"

    def config(self, device: str) -> str:
        """Return where a device is described: `<discovery_prefix>/device/<object_id>/config`."""
        return f"{self.prefix}/device/{device}/config"

    def state(self, device: str) -> str:
        """Return where the state of a device is told."""
        return f"{self.node}/homeassistant/{device}/state"

    @property
    def status(self) -> str:
        """Where the node says whether it is there."""
        return f"{self.node}/homeassistant/status"

    @property
    def mark(self) -> str:
        """Where the node writes to itself, to learn that all that a broker has kept has come."""
        return f"{self.node}/homeassistant/mark"

    @property
    def births(self) -> frozenset[str]:
        """Where Home Assistant says that it is there."""
        return frozenset({_BIRTH, f"{self.prefix}/status"}) - {self.status}

    @property
    def kept(self) -> tuple[str, ...]:
        """Filters that match whatever of ours a broker may keep, now or from earlier."""
        return self.config("+"), self.state("+"), self.status

    def is_ours(self, topic: str) -> bool:
        """Tell whether a topic is this node's: of a device, whether there is such a one or not, or of its status."""
        device = rf"{re.escape(self.node)}-(farm|group)\d+"
        patterns = (re.escape(one).replace(re.escape("+"), device) for one in self.kept)
        return any(re.fullmatch(pattern, topic) for pattern in patterns)

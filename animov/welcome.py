"""What a newcomer reads when a node is up."""

from animov.node import Node
from core.settings import Settings


def how_to_begin(node: Node, settings: Settings) -> str:
    """Say where everything is and how to point a collar at it."""
    return f"""
AniMOV is up. Data are in {settings.data_dir}

  page      {node.api}/
  API       {node.api}/v1, described at {node.api}/docs
  MQTT      {node.mqtt}, topics animov/v1/FARM/COLLAR/samples

Point a collar at it:
  1. animov collar add myfarm/tag-1 --mount leg --animal Brune --group laitieres --data-dir {settings.data_dir}
  2. publish to animov/v1/myfarm/tag-1/samples, QoS 1, for instance
     {{"t0": "2026-05-01T08:00:00Z", "hz": 1, "xyz": [[0.02, 0.98, 0.05], [0.03, 0.97, 0.04]]}}
  3. animov user add me --platform --data-dir {settings.data_dir}
     and log in at {node.api}/

Ctrl-C ends everything in order; nothing that was acknowledged is lost.
"""

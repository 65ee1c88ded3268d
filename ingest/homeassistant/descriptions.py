"""Devices and their entities as Home Assistant is told of them, by device discovery.

Written after the section "Device discovery payload" of the documentation of its MQTT integration
(https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload, source/_integrations/mqtt.markdown of
home-assistant.io at 0a314403) and `DEVICE_DISCOVERY_SCHEMA` of homeassistant/components/mqtt/schemas.py at 0f5c1b54:
`device`, `origin` and `components` are required, of a component its `platform` and `unique_id`. Home Assistant 2024.11
and newer understand it; 2024.12 makes a `via_device` that comes later (home-assistant/core#131588).
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from core.alert_texts import Language, told
from ingest.homeassistant.texts import MODELS, NAMES
from ingest.homeassistant.topics import Topics

EXPIRE_AFTER_S: Final = 600
"""Seconds after which an entity is unavailable of whose state nothing came; it is told again five times as often."""

Description = Mapping[str, Any]

_SHARE: Final[dict[str, object]] = {
    "platform": "sensor",
    "state_class": "measurement",
    "unit_of_measurement": "%",
    "suggested_display_precision": 0,
}
_COUNT: Final[dict[str, object]] = {"platform": "sensor", "state_class": "measurement"}
_PROBLEM: Final[dict[str, object]] = {"platform": "binary_sensor", "device_class": "problem"}

_OF_GROUP: Final = {
    "ratio": _SHARE | {"icon": "mdi:sheep"},
    "low": _SHARE | {"icon": "mdi:arrow-collapse-down"},
    "high": _SHARE | {"icon": "mdi:arrow-collapse-up"},
    "deviation": _SHARE | {"icon": "mdi:plus-minus-variant"},
    "problem": _PROBLEM,
}
_OF_FARM: Final = {
    "alerts": _COUNT | {"icon": "mdi:alert-outline"},
    "silent": _COUNT | {"icon": "mdi:access-point-off", "entity_category": "diagnostic"},
    "battery": _COUNT | {"icon": "mdi:battery-alert-variant-outline", "entity_category": "diagnostic"},
    "collars": _PROBLEM | {"entity_category": "diagnostic"},
}
_MEASURED: Final = frozenset({"ratio", "low", "high", "deviation"})
"""What is unavailable while it is not known."""


class Called(NamedTuple):
    """What a device is called, in which language its entities are, and of which version of AniMOV it is."""

    name: str
    language: Language
    version: str


def describe_farm(topics: Topics, farm_id: int, called: Called) -> Description:
    """Return a farm's device."""
    device = topics.farm(farm_id)
    return _describe(topics, device, {"model": told(MODELS["farm"], called.language, {})}, _OF_FARM, called)


def describe_group(topics: Topics, farm_id: int, group_id: int, called: Called) -> Description:
    """Return a group's device, below that of its farm."""
    about = {"model": told(MODELS["group"], called.language, {}), "via_device": topics.farm(farm_id)}
    return _describe(topics, topics.group(group_id), about, _OF_GROUP, called)


def _describe(
    topics: Topics, device: str, about: Description, kinds: Mapping[str, Description], called: Called
) -> Description:
    own = {"identifiers": [device], "name": called.name, "manufacturer": "AniMOV", "sw_version": called.version}
    return {
        "device": {**own, **about},
        "origin": {"name": "AniMOV", "sw_version": called.version},
        "state_topic": topics.state(device),
        "components": {
            key: {**kind, **_component(topics, device, key, called.language)} for key, kind in kinds.items()
        },
    }


def _component(topics: Topics, device: str, key: str, language: Language) -> dict[str, object]:
    return {
        "unique_id": f"{device}-{key}",
        "name": told(NAMES[key], language, {}),
        "value_template": f"{{{{ value_json.{key} }}}}",
        "json_attributes_topic": topics.state(device),
        "json_attributes_template": f"{{{{ value_json.attributes.{key} | tojson }}}}",
        "expire_after": EXPIRE_AFTER_S,
        **_availability(topics, device, [key] if key in _MEASURED else []),
    }


def _availability(topics: Topics, device: str, needed: Iterable[str]) -> dict[str, object]:
    """Say when an entity is available: while the node is there, and what is needed of the state is known."""
    known = [
        {
            "topic": topics.state(device),
            "value_template": f"{{{{ 'offline' if value_json.{key} is none else 'online' }}}}",
        }
        for key in needed
    ]
    return {"availability": [{"topic": topics.status}, *known], "availability_mode": "all"}

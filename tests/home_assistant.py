"""What Home Assistant makes of retained messages: its rules for MQTT discovery, each with where it stands.

`docs` is source/_integrations/mqtt.markdown of home-assistant.io at 0a314403, `sensor` and `binary_sensor` the pages
beside it; `schemas`, `discovery`, `entity`, `sensor.py` and `binary_sensor.py` are files of
homeassistant/components/mqtt of home-assistant/core as of 2026.
"""

import json
import re
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from jinja2 import Environment, StrictUndefined

SENSOR = {  # sensor.py: _PLATFORM_SCHEMA_BASE; sensor: configuration variables
    *("device_class", "expire_after", "force_update", "last_reset_value_template", "name", "options"),
    *("state_class", "suggested_display_precision", "unit_of_measurement"),
}
BINARY_SENSOR = {  # binary_sensor.py: PLATFORM_SCHEMA_MODERN; binary_sensor: configuration variables
    *("device_class", "expire_after", "force_update", "name", "off_delay", "payload_off", "payload_on"),
}
COMMON = {  # schemas: MQTT_ENTITY_COMMON_SCHEMA, availability, and what a read-only entity takes beside
    *("availability", "availability_mode", "availability_template", "availability_topic", "payload_available"),
    *("payload_not_available", "enabled_by_default", "entity_category", "icon", "json_attributes_topic"),
    *("json_attributes_template", "default_entity_id", "unique_id", "visible_by_default", "state_topic"),
    *("value_template", "encoding", "qos", "entity_picture", "message_expiry_interval"),
}
OPTIONS = {"sensor": SENSOR | COMMON, "binary_sensor": BINARY_SENSOR | COMMON}
DEVICE = {  # schemas: MQTT_ENTITY_DEVICE_INFO_SCHEMA
    *("identifiers", "connections", "manufacturer", "model", "model_id", "name", "hw_version", "serial_number"),
    *("sw_version", "via_device", "suggested_area", "configuration_url"),
}
ORIGIN = {"name", "sw_version", "support_url"}  # schemas: MQTT_ORIGIN_INFO_SCHEMA
ROOT = {  # schemas: DEVICE_DISCOVERY_SCHEMA
    *("device", "components", "origin", "state_topic", "command_topic", "qos", "encoding"),
    *("availability", "availability_mode", "availability_template", "availability_topic"),
    *("payload_available", "payload_not_available", "message_expiry_interval"),
}
SHARED = ("availability", "availability_mode", "availability_topic", "encoding", "state_topic", "qos")
"""schemas: SHARED_OPTIONS, of those that are used here."""

BLOCKED = {  # entity: MQTT_ATTRIBUTES_BLOCKED, and those that sensor.py adds
    *("assumed_state", "available", "device_class", "device_info", "entity_category", "entity_picture"),
    *("entity_registry_enabled_default", "extra_state_attributes", "force_update", "icon", "friendly_name"),
    *("should_poll", "state", "supported_features", "unique_id", "unit_of_measurement", "last_reset", "state_class"),
}
RECORDED_BYTES = 16_384
"""More attributes than that are not recorded: MAX_STATE_ATTRS_BYTES of components/recorder/db_schema.py."""

STATE_CLASSES = {"measurement", "measurement_angle", "total", "total_increasing"}

_templates = Environment(undefined=StrictUndefined, autoescape=False)


@dataclass
class Entity:
    """An entity as it is shown; `state` is `unavailable`, or what came of the template."""

    platform: str
    name: str
    device: str
    state: str
    attributes: dict[str, Any]
    config: dict[str, Any] = field(repr=False)


def refuse_wrong(topic, payload):
    """Raise what is wrong with a description; return it as it is read."""
    # docs, "Discovery topic": <discovery_prefix>/device/[<node_id>/]<object_id>/config
    assert re.fullmatch(r"[\w/-]+/device/([a-zA-Z0-9_-]+/)?[a-zA-Z0-9_-]+/config", topic)
    # docs, "Discovery payload": a serialized JSON dictionary
    said = json.loads(payload)
    assert isinstance(said, dict)
    assert said.keys() <= ROOT
    # docs, "Device discovery payload": device and origin are mandatory; schemas: components too
    assert {"device", "origin", "components"} <= said.keys()
    assert said["device"].keys() <= DEVICE
    # as schemas has it: something that identifies the device
    assert said["device"].get("identifiers") or said["device"].get("connections")
    assert all(isinstance(one, str) for one in said["device"]["identifiers"])
    # docs, "Discovery payload": the origin has a name
    assert said["origin"]["name"]
    assert said["origin"].keys() <= ORIGIN
    # docs, "Device discovery payload": shared options; device and origin can't be overridden
    for component in said["components"].values():
        shared = {option: said[option] for option in SHARED if option in said}
        _refuse_wrong_component({**shared, **component})
    return said


def _refuse_wrong_component(config):
    # docs, "Device discovery payload": of each its platform and, for entities, a unique_id
    assert config["platform"] in OPTIONS
    assert config["unique_id"]
    assert config.keys() - {"platform"} <= OPTIONS[config["platform"]]
    # sensor and binary_sensor: state_topic is required; util.py: valid_subscribe_topic
    for option in ("state_topic", "json_attributes_topic"):
        assert re.fullmatch(r"[^+#\0]{1,65535}", config[option])
    # schemas: _MQTT_AVAILABILITY_SCHEMA; docs, "Using availability topics": not both, and one of three modes
    assert not {"availability", "availability_topic"} <= config.keys()
    assert config.get("availability_mode", "latest") in {"all", "any", "latest"}
    for one in config.get("availability", ()):
        assert one["topic"]
        assert one.keys() <= {"topic", "payload_available", "payload_not_available", "value_template"}
    # sensor.py, binary_sensor.py: cv.positive_int
    for option in ("expire_after", "suggested_display_precision"):
        assert isinstance(config.get(option, 0), int)
        assert config.get(option, 0) >= 0
    # sensor/const.py: SensorStateClass
    assert config.get("state_class", "measurement") in STATE_CLASSES
    # binary_sensor/__init__.py: BinarySensorDeviceClass; those that are used here
    assert config.get("device_class", "problem") == "problem"
    # sensor/__init__.py, binary_sensor/__init__.py: entity category config is refused of what can't be set
    assert config.get("entity_category", "diagnostic") == "diagnostic"
    # config_validation.py: icon has a prefix and a name
    assert re.fullmatch(r"[\w-]+:[\w-]+", config.get("icon", "mdi:sheep"))


def entities(retained, prefix="homeassistant"):
    """Return what Home Assistant shows after a start, by unique id."""
    shown = {}
    for topic, payload in retained.items():
        if topic.startswith(f"{prefix}/device/"):
            said = refuse_wrong(topic, payload)
            for component in said["components"].values():
                config = {**{option: said[option] for option in SHARED if option in said}, **component}
                # entity: a unique id that is there already is not taken
                assert config["unique_id"] not in shown
                shown[config["unique_id"]] = _entity(config, said["device"]["name"], retained)
    return shown


def _entity(config, device, retained):
    state, attributes = "unavailable", {}
    if _is_available(config, retained) and config["state_topic"] in retained:
        state = _rendered(config["value_template"], retained[config["state_topic"]])
        # docs of both: json_attributes_template extracts a JSON dictionary
        attributes = json.loads(
            _rendered(config["json_attributes_template"], retained[config["json_attributes_topic"]])
        )
        assert isinstance(attributes, dict)
        assert not attributes.keys() & BLOCKED
        assert len(json.dumps(attributes, ensure_ascii=False).encode()) < RECORDED_BYTES
        if config["platform"] == "binary_sensor":
            # binary_sensor: payload_on and payload_off, ON and OFF unless said otherwise
            assert state in {"ON", "OFF"}
        else:
            # sensor/__init__.py: a sensor with a state class or a unit must be a number
            assert re.fullmatch(r"-?\d+(\.\d+)?", state)
    return Entity(config["platform"], config["name"], device, state, attributes, config)


def _is_available(config, retained):
    # entity: unavailable until something came, then what came is compared with the two payloads
    said = [
        _rendered(one.get("value_template", "{{ value }}"), retained[one["topic"]]) if one["topic"] in retained else ""
        for one in config["availability"]
    ]
    assert config["availability_mode"] == "all"
    return all(one == "online" for one in said)


def _rendered(template, payload):
    # docs, "Using Templates": value is the payload, value_json what it says as JSON
    value = payload.decode()
    try:
        value_json = json.loads(value)
    except ValueError:
        value_json = None
    return _compiled(template).render(value=value, value_json=value_json)


@cache
def _compiled(template):
    return _templates.from_string(template)

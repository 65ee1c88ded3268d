"""What the broker is to keep of a farm."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from core.alert_texts import Language
from ingest.homeassistant.descriptions import Called, describe_farm, describe_group
from ingest.homeassistant.states import state_of_farm, state_of_group
from ingest.homeassistant.topics import Topics
from storage.alerting.going_on import GoingOn
from storage.forecasting.groups_now import GroupNow
from storage.herds.farms import Farm


class Seen(NamedTuple):
    """A farm as it is now; `alerts` are all that go on, urgent ones first."""

    farm: Farm
    language: Language
    groups: Sequence[GroupNow]
    alerts: Sequence[GoingOn]


class Told(NamedTuple):
    """What the broker is to keep of farms, by topic: descriptions, a farm's before those of its groups, and states."""

    descriptions: Mapping[str, bytes]
    states: Mapping[str, bytes]


def tell(topics: Topics, seen: Sequence[Seen], version: str) -> Told:
    """Return what is to be kept of farms; the same of the same, byte for byte."""
    descriptions = {topics.config(device): said for farm in seen for device, said in _described(topics, farm, version)}
    states = {topics.state(device): said for farm in seen for device, said in _states(topics, farm)}
    return Told(descriptions, states)


def _described(topics: Topics, seen: Seen, version: str) -> Iterator[tuple[str, bytes]]:
    farm = seen.farm
    called = Called(farm.title or farm.name, seen.language, version)
    yield topics.farm(farm.id), _json(describe_farm(topics, farm.id, called))
    for group in seen.groups:
        described = describe_group(topics, farm.id, group.id, called._replace(name=group.name))
        yield topics.group(group.id), _json(described)


def _states(topics: Topics, seen: Seen) -> Iterator[tuple[str, bytes]]:
    zone = ZoneInfo(seen.farm.time_zone)
    yield topics.farm(seen.farm.id), _json(state_of_farm(seen.alerts, zone, seen.language))
    for group in seen.groups:
        alerts = [one for one in seen.alerts if one.group_id == group.id]
        yield topics.group(group.id), _json(state_of_group(group, alerts, zone, seen.language))


def _json(said: Mapping[str, Any]) -> bytes:
    return json.dumps(said, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()

"""Devices, entities and states as Home Assistant takes them, whatever a farm is like."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.alert_texts import KINDS
from core.timeline import BUCKET
from ingest.homeassistant.link import ONLINE
from ingest.homeassistant.messages import Seen, tell
from ingest.homeassistant.states import MOST_TOLD
from ingest.homeassistant.topics import Topics
from storage.alerting.going_on import GoingOn
from storage.forecasting.groups_now import GroupNow
from storage.herds.farms import Farm
from tests import home_assistant

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
BARN = Farm(1, "barn", "La Chèvrerie", "Europe/Paris", None, None, [])
DAIRY = GroupNow(7, "laitières", NOON, 0.215, 2, 3, 0.55, 0.4, 0.7)
LESS = {"direction": "less", "observed": 0.215, "outside": 6, "windows": 8}
DEVIATION = GoingOn("deviation", "group", "laitières", 7, NOON, NOON + HOUR, "warning", "open", LESS, {"mean": 0.55})
SILENT = GoingOn(
    "collar_silent", "collar", "tag-1", None, NOON, NOON, "warning", "seen",
    {"code": "silent", "minutes": 95.0, "limit_minutes": 30.0}, {},
)  # fmt: skip
TOPICS = Topics()


def shown(*seen, topics=TOPICS, status=ONLINE):
    """The entities that come of farms, by what follows the node's name in their ids."""
    told = tell(topics, seen, "1.0")
    retained = {**told.descriptions, **told.states, topics.status: status}
    found = home_assistant.entities(retained, topics.prefix)
    return {unique_id.removeprefix(f"{topics.node}-"): entity for unique_id, entity in found.items()}


def test_a_group_is_shown_with_its_ratio_its_band_its_deviation_and_its_alerts():
    found = shown(Seen(BARN, "fr", [DAIRY], [DEVIATION]))

    assert {key: entity.state for key, entity in found.items()} == {
        "farm1-alerts": "1", "farm1-silent": "0", "farm1-battery": "0", "farm1-collars": "OFF",
        "group7-ratio": "21.5", "group7-low": "40.0", "group7-high": "70.0", "group7-deviation": "-33.5",
        "group7-problem": "ON",
    }  # fmt: skip
    assert {entity.device for key, entity in found.items() if "group7" in key} == {"laitières"}
    assert {entity.device for key, entity in found.items() if "farm1" in key} == {"La Chèvrerie"}
    assert found["group7-ratio"].name == "Temps debout"
    assert found["group7-ratio"].config["unit_of_measurement"] == "%"
    assert found["group7-ratio"].config["state_class"] == "measurement"
    assert found["group7-ratio"].attributes == {
        "animals_known": 2, "animals": 3,
        "window_start": "2026-06-15T14:00:00+02:00", "window_end": "2026-06-15T14:15:00+02:00",
    }  # fmt: skip
    alert = found["group7-problem"].attributes
    assert alert["count"] == 1
    assert alert["since"] == "2026-06-15T14:00:00+02:00"
    assert alert["when"] == "depuis lundi 15 juin 14:00, constaté lundi 15 juin 15:00"
    assert alert["text"].startswith("laitières : debout 22\u202f% du temps pour 55\u202f% attendus")
    assert found["farm1-alerts"].attributes == alert


def test_what_people_read_is_in_the_language_of_the_farm_and_ids_are_not():
    french, english = (shown(Seen(BARN, language, [DAIRY], [DEVIATION])) for language in ("fr", "en"))

    assert french.keys() == english.keys()
    for key, entity in french.items():
        assert entity.name != english[key].name or entity.name == "Alerte"
        assert entity.attributes.keys() == english[key].attributes.keys()
    assert english["group7-problem"].attributes["text"].startswith("laitières: stands 22% of the time")


def test_collars_with_a_problem_are_counted_and_named():
    battery = SILENT._replace(kind="battery", name="tag-2", evidence={
        "code": "battery_low", "millivolts": 3300.0, "low_millivolts": 3500.0,
    })  # fmt: skip
    clock = SILENT._replace(kind="clock", name="tag-3", evidence={"code": "clock_behind", "seconds": 90})
    found = shown(Seen(BARN, "en", [], [SILENT, battery, clock]))

    assert [found[f"farm1-{key}"].state for key in ("alerts", "silent", "battery", "collars")] == ["3", "1", "1", "ON"]
    assert found["farm1-silent"].attributes == {"collars": ["tag-1"]}
    assert found["farm1-battery"].attributes == {"collars": ["tag-2"]}
    assert [one["name"] for one in found["farm1-collars"].attributes["alerts"]] == ["tag-1", "tag-2", "tag-3"]


def test_a_farm_of_which_many_collars_fell_silent_together_counts_them():
    together = SILENT._replace(about="farm", name="barn", evidence={"code": "farm_silent", "collars": 9, "of": 12})

    assert shown(Seen(BARN, "en", [], [together]))["farm1-silent"].state == "9"


@pytest.mark.parametrize("alert", [DEVIATION, SILENT, SILENT._replace(kind="motionless", about="animal")])
def test_an_alert_is_a_problem_of_the_group_that_it_concerns_and_of_no_other(alert):
    other = DAIRY._replace(id=8, name="taries")
    found = shown(Seen(BARN, "en", [DAIRY, other], [alert]))

    assert found["group7-problem"].state == ("ON" if alert.group_id == 7 else "OFF")
    assert found["group8-problem"].state == "OFF"


@pytest.mark.parametrize(
    ("unknown", "unavailable"),
    [
        ({"ratio": None}, {"ratio", "deviation"}),
        ({"mean": None, "low": None, "high": None}, {"low", "high", "deviation"}),
        ({}, set()),
    ],
)
def test_what_is_not_known_is_unavailable_and_nothing_else(unknown, unavailable):
    found = shown(Seen(BARN, "fr", [DAIRY._replace(**unknown)], []))

    assert {key for key, entity in found.items() if entity.state == "unavailable"} == {
        f"group7-{key}" for key in unavailable
    }


@pytest.mark.parametrize("status", [b"offline", b""])
def test_all_is_unavailable_while_the_node_is_away(status):
    assert {entity.state for entity in shown(Seen(BARN, "fr", [DAIRY], []), status=status).values()} == {"unavailable"}


def test_every_entity_expires_and_a_group_hangs_on_its_farm():
    told = tell(TOPICS, [Seen(BARN, "fr", [DAIRY], [])], "1.0")
    farm, group = (home_assistant.refuse_wrong(*one) for one in told.descriptions.items())

    assert all(one["expire_after"] > 0 for said in (farm, group) for one in said["components"].values())
    assert group["device"]["via_device"] in farm["device"]["identifiers"]


def test_more_alerts_than_can_be_recorded_are_counted_and_the_urgent_ones_told():
    many = [DEVIATION._replace(name="é" * 100) for _ in range(500)]
    found = shown(Seen(BARN, "fr", [DAIRY], many))

    assert found["group7-problem"].attributes["count"] == 500
    assert len(found["group7-problem"].attributes["alerts"]) == MOST_TOLD


@pytest.mark.parametrize(
    "renamed",
    [Seen(BARN, "fr", [DAIRY._replace(name="taries")], []), Seen(replace(BARN, title="Le Mas"), "fr", [DAIRY], [])],
    ids=["group", "farm"],
)
def test_another_name_changes_no_id_and_no_topic(renamed):
    def ids(told):
        described = {topic: json.loads(said)["components"] for topic, said in told.descriptions.items()}
        return {topic: [one["unique_id"] for one in said.values()] for topic, said in described.items()}

    before, after = (tell(TOPICS, [one], "1.0") for one in (Seen(BARN, "fr", [DAIRY], []), renamed))

    assert before.descriptions != after.descriptions
    assert ids(before) == ids(after)


NAMES = st.text(min_size=1, max_size=8)
SHARES = st.none() | st.floats(0, 1)
ALERTS = st.builds(
    GoingOn,
    kind=st.sampled_from(sorted(KINDS)),
    about=st.sampled_from(["farm", "herd", "group", "animal", "collar"]),
    name=NAMES,
    group_id=st.none() | st.integers(1, 3),
    since=st.integers(0, 10**6).map(lambda seconds: NOON - timedelta(seconds=seconds)),
    severity=st.sampled_from(["info", "warning", "critical"]),
    state=st.sampled_from(["open", "seen", "confirmed"]),
    evidence=st.just({}),
    expected=st.just({}),
)
GROUPS = st.lists(
    st.builds(
        GroupNow, st.integers(1, 3), NAMES, st.integers(0, 999).map(lambda slot: NOON - slot * BUCKET),
        SHARES, st.integers(0, 9), st.integers(0, 9), SHARES, SHARES, SHARES,
    ),
    max_size=3, unique_by=lambda group: group.id,
)  # fmt: skip
SEEN = st.builds(
    Seen,
    farm=st.builds(
        Farm, st.just(1), st.just("barn"), st.just("") | NAMES, st.sampled_from(["Europe/Paris", "Pacific/Auckland"]),
        st.none(), st.none(), st.just([]),
    ),
    language=st.sampled_from(["fr", "en"]), groups=GROUPS, alerts=st.lists(ALERTS, max_size=5),
)  # fmt: skip


@given(seen=SEEN, node=st.sampled_from(["animov", "a-farm1", "_"]), prefix=st.sampled_from(["homeassistant", "a/b"]))
@settings(max_examples=150)
def test_whatever_a_farm_is_like_home_assistant_takes_it(seen, node, prefix):
    """Each rule stands in `tests.home_assistant`."""
    topics = Topics(prefix, node)
    found = shown(seen, topics=topics)

    assert len(found) == 4 + 5 * len(seen.groups)
    for group in seen.groups:
        for key, value in (("ratio", group.ratio), ("low", group.low), ("high", group.high)):
            state = found[f"group{group.id}-{key}"].state
            assert state == "unavailable" if value is None else abs(float(state) - 100 * value) <= 0.0501
        about = [one for one in seen.alerts if one.group_id == group.id]
        assert found[f"group{group.id}-problem"].state == ("ON" if about else "OFF")
    assert found["farm1-alerts"].state == str(len(seen.alerts))
    told = tell(topics, [seen], "1.0")
    assert all(map(topics.is_ours, [*told.descriptions, *told.states, topics.status]))


@pytest.mark.parametrize(
    "topic",
    [
        "homeassistant/device/zigbee/config", "homeassistant/device/animov-group/config", "homeassistant/status",
        "homeassistant/device/animov-group1x/config", "homeassistant/device/other-group1/config",
        "homeassistant/device/animov-group1-group2/config", "animov/v1/barn/tag-1/status", "animov/homeassistant/mark",
        "animov/homeassistant/animov-group1/state/x", "homeassistant/sensor/animov-group1/config",
    ],
)  # fmt: skip
def test_what_others_keep_at_the_broker_is_not_ours(topic):
    assert not TOPICS.is_ours(topic)


def test_our_own_status_is_never_taken_for_a_birth():
    """It would be answered by telling it again, for ever."""
    assert Topics("animov/homeassistant").status not in Topics("animov/homeassistant").births

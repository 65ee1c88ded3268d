"""From the database to Home Assistant: what it shows is how farms are, whatever changes and whatever was away."""

import asyncio
import os
import signal
import sys
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from animov import demo, homeassistant, node
from core.clock import NodeClock
from core.errors import SettingsError
from core.readings import CollarName
from core.settings import Settings, load_settings
from ingest.homeassistant.link import linked
from ingest.homeassistant.messages import Seen, tell
from ingest.homeassistant.topics import Topics
from storage.alerting import notice_channels
from storage.alerting.notice_channels import Rule
from storage.engine import clocks
from storage.engine.database import engine_for
from storage.forecasting.groups_now import GroupNow
from storage.herds import herd
from storage.herds.farms import Farm
from tests import home_assistant
from tests.mosquitto import running

ROOT = Path(__file__).parents[2]
NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
CLOSED = "mqtt://me:s3cret@127.0.0.1:9"


@pytest.fixture
def quick(monkeypatch):
    """Look again at once."""
    monkeypatch.setattr(homeassistant, "PAUSE_S", 0.0)
    monkeypatch.setattr(homeassistant, "LOOK_EVERY_S", 0.02)


def settle(connection, name, groups):
    """Make a farm whose groups have two goats each, one of them with a collar that tells."""
    farm = herd.ensure_farm(connection, name)
    for group in groups:
        for number in range(2):
            animal = herd.ensure_animal(connection, farm, f"{group}-{number}")
            herd.move(connection, animal, herd.ensure_group(connection, farm, group))
            herd.assign(connection, herd.ensure_collar(connection, CollarName(name, f"{group}-{number}")), animal)
    return farm


def hear(connection, bucket):
    """Let every animal have stood a third of a quarter of an hour."""
    connection.execute(
        text("""INSERT INTO stored_window (animal_id, bucket, received_s, known_s, standing_s, standing, known)
        SELECT id, :bucket, 900, 900, 300, repeat('0', 900)::bit(900), repeat('1', 900)::bit(900) FROM animal"""),
        {"bucket": bucket},
    )


def stand_still(connection, at):
    """Let the node's clock stand at an instant, as a simulation's does."""
    clocks.write(connection, NodeClock(sim_epoch=at.timestamp(), speed=60, ceiling=at.timestamp()))


def settings_of(server, database_url, **others):
    return Settings(homeassistant_url=f"mqtt://127.0.0.1:{server.port}", database_url=database_url, **others)


@asynccontextmanager
async def shown(server, engine, database_url, **others):
    """Show farms for the time of the block."""
    given = settings_of(server, database_url, **others)
    async with linked(homeassistant.broker_of(given), homeassistant.topics_of(given)) as link:
        following = asyncio.create_task(homeassistant.follow(database_url, engine, given, link))
        try:
            yield link
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)


def is_told(entity):
    return entity.state != "unavailable"


async def entities(server, law):
    """Wait until what Home Assistant would show obeys a law, and return it."""
    async with asyncio.timeout(60):
        while True:
            found = home_assistant.entities(await server.kept())
            if law(found):
                return found


@pytest.mark.mosquitto
async def test_a_farm_appears_follows_its_changes_and_goes(quick, engine, database_url, tmp_path):
    with engine.begin() as connection:
        farm = settle(connection, "barn", ["dairy", "kids"])
        hear(connection, NOON)
        stand_still(connection, NOON + timedelta(minutes=20))
        of_dairy, of_kids = (herd.ensure_group(connection, farm, name) for name in ("dairy", "kids"))
    dairy, kids = f"animov-group{of_dairy}", f"animov-group{of_kids}"
    async with running(tmp_path) as server, shown(server, engine, database_url):
        first = await entities(server, lambda found: len(found) == 14 and is_told(found[f"{dairy}-ratio"]))
        assert (first[f"{dairy}-ratio"].device, first[f"{dairy}-ratio"].name) == ("dairy", "Temps debout")
        assert float(first[f"{dairy}-ratio"].state) == pytest.approx(33.3)
        assert first[f"{dairy}-ratio"].attributes["animals"] == 2
        assert first[f"{dairy}-low"].state == "unavailable"

        with engine.begin() as connection:
            connection.execute(text("UPDATE animal_group SET name = 'laitières' WHERE name = 'dairy'"))
            notice_channels.set_rule(connection, farm, Rule(language="en"))
            raise_alert(connection, herd.ensure_animal(connection, farm, "dairy-0"))
        then = await entities(server, lambda found: found[f"{dairy}-problem"].state == "ON")
        assert then.keys() == first.keys()
        assert (then[f"{dairy}-ratio"].device, then[f"{dairy}-ratio"].name) == ("laitières", "Time standing")
        assert then[f"{kids}-problem"].state == "OFF"
        assert then["animov-farm1-alerts"].state == "1"

        with engine.begin() as connection:
            connection.execute(text("DELETE FROM animal_group WHERE name = 'kids'"))
            stand_still(connection, NOON + timedelta(hours=4))
        last = await entities(server, lambda found: len(found) == 9 and not is_told(found[f"{dairy}-ratio"]))
        assert last[f"{dairy}-problem"].state == "ON"


def raise_alert(connection, animal):
    connection.execute(
        text("""INSERT INTO alert (farm_id, kind, animal_id, since, opened_at, last_evidence_at, severity, evidence,
        expected) VALUES (1, 'motionless', :animal, :at, :at, :at, 'critical', '{}', '{}')"""),
        {"animal": animal, "at": NOON},
    )


@pytest.mark.mosquitto
async def test_only_the_farms_that_are_named_are_shown(quick, engine, database_url, tmp_path, capsys):
    with engine.begin() as connection:
        for name in ("barn", "shed", "stable"):
            settle(connection, name, [])
    async with running(tmp_path) as server:
        async with shown(server, engine, database_url):
            assert len(await entities(server, lambda found: len(found) == 12)) == 12
        async with shown(server, engine, database_url, homeassistant_farms="barn, stable,bran"):
            found = await entities(server, lambda found: len(found) == 8)
    assert {entity.device for entity in found.values()} == {"barn", "stable"}
    assert "farms=['bran']" in capsys.readouterr().out


CHANGES = (
    "UPDATE animal_group SET name = name || '!' WHERE id = {one}",
    "DELETE FROM animal_group WHERE id = {one}",
    "INSERT INTO animal_group (farm_id, name) VALUES (1, 'new {one}') ON CONFLICT DO NOTHING",
    "UPDATE farm SET title = title || '{one}' WHERE id = 1",
    "INSERT INTO notice_rule (farm_id, language, critical_anytime) VALUES (1, 'en', false) ON CONFLICT DO NOTHING",
    """INSERT INTO alert (farm_id, kind, collar_id, since, opened_at, last_evidence_at, severity, evidence, expected)
    SELECT 1, 'battery', id, '{at}', '{at}', '{at}', 'info', '{{}}', '{{}}' FROM collar WHERE id = {one}
    ON CONFLICT DO NOTHING""",
    """INSERT INTO alert (farm_id, kind, group_id, since, opened_at, last_evidence_at, severity, evidence, expected)
    SELECT 1, 'lag', id, '{at}', '{at}', '{at}', 'info', '{{}}', '{{}}' FROM animal_group WHERE id = {one}
    ON CONFLICT DO NOTHING""",
    "UPDATE alert SET until = since, ended_by = 'heard' WHERE id % 2 = {one} % 2",
    "UPDATE alert SET judgement = 'dismissed', note = 'x' WHERE id % 2 = {one} % 2",
    "DELETE FROM membership WHERE animal_id = {one}",
    "UPDATE stored_window SET standing_s = 60 * {one} WHERE animal_id = {one}",
)


@pytest.mark.mosquitto
@given(changes=st.lists(st.tuples(st.sampled_from([*CHANGES, "broker"]), st.integers(1, 4)), max_size=6))
@settings(max_examples=8)
async def test_any_sequence_of_changes_leaves_what_a_fresh_publication_would(
    changes, quick, engine, database_url, tmp_path_factory
):
    """Also if the broker is away meanwhile, and forgets all that it kept."""
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE farm RESTART IDENTITY CASCADE"))
        settle(connection, "barn", ["dairy", "kids"])
        hear(connection, NOON)
        stand_still(connection, NOON + timedelta(minutes=20))
    async with running(tmp_path_factory.mktemp("broker")) as server, shown(server, engine, database_url) as link:
        for change, one in changes:
            if change == "broker":
                await server.stop()
                await server.start()
            else:
                with engine.begin() as connection:
                    connection.execute(text(change.format(one=one, at=NOON)))
        given = settings_of(server, database_url)
        fresh = homeassistant.look(engine, given).told
        wanted = {**fresh.descriptions, **fresh.states, homeassistant.topics_of(given).status: b"online"}
        async with asyncio.timeout(60):
            while await server.kept() != wanted:
                await link.settled()


@asynccontextmanager
async def process(server, *words, database_url):
    """Run `animov homeassistant`; it has said that it is ready, unless there are words for it."""
    environment = {
        **os.environ,
        "ANIMOV_DATABASE_URL": database_url,
        "ANIMOV_HOMEASSISTANT_URL": f"mqtt://127.0.0.1:{server.port}",
    }
    argv = [sys.executable, "-m", "animov", "homeassistant", *words]
    started = await asyncio.create_subprocess_exec(
        *argv, cwd=ROOT, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        if not words:
            assert (await started.stdout.readline()).startswith(b"ready ")
        yield started
    finally:
        if started.returncode is None:
            started.kill()
        await started.wait()


@pytest.mark.mosquitto
async def test_as_a_process_it_shows_farms_says_that_it_goes_and_takes_all_away(engine, database_url, tmp_path):
    with engine.begin() as connection:
        settle(connection, "barn", ["dairy"])
        hear(connection, NOON)
        stand_still(connection, NOON + timedelta(minutes=20))

    def is_away(found):
        return {one.state for one in found.values()} == {"unavailable"}

    async with running(tmp_path) as server:
        async with process(server, database_url=database_url) as alive:
            await entities(server, lambda found: len(found) == 9 and not is_away(found))
            alive.kill()
            await entities(server, is_away)
        async with process(server, database_url=database_url) as alive:
            await entities(server, lambda found: len(found) == 9 and not is_away(found))
            alive.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(alive.wait(), 60) == 0
            assert is_away(home_assistant.entities(await server.kept()))
        async with process(server, "--remove", database_url=database_url) as removing:
            assert await asyncio.wait_for(removing.wait(), 60) == 0
        assert await server.kept() == {}


def test_a_database_that_is_away_shows_nothing_and_raises_nothing():
    nowhere = engine_for("postgresql://animov@127.0.0.1:9/animov")
    assert homeassistant.look(nowhere, Settings(homeassistant_url=CLOSED)) is None
    nowhere.dispose()


def test_a_demo_is_shown_apart_from_a_node_and_takes_nothing_of_it_away():
    ours = node._child("homeassistant", demo._apart(Settings(homeassistant_url=CLOSED))).env
    named = node._child("homeassistant", demo._apart(Settings(homeassistant_node="mine"))).env

    assert ours["ANIMOV_HOMEASSISTANT_NODE"] == "animov-demo"
    assert named["ANIMOV_HOMEASSISTANT_NODE"] == "mine"
    assert not Topics().is_ours(Topics(node="animov-demo").config(Topics(node="animov-demo").group(1)))


def test_a_node_has_the_part_only_if_a_broker_is_named():
    assert node.parts_beside(Settings()) == ()
    assert node.parts_beside(Settings(homeassistant_url=CLOSED)) == (node.HOMEASSISTANT,)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"homeassistant_url": "http://me:s3cret@x"}, "ANIMOV_HOMEASSISTANT_URL: the broker's URL is not understood"),
        ({"homeassistant_url": CLOSED, "homeassistant_ca": "ca.pem"}, "mqtts://"),
        ({"homeassistant_url": "mqtts://me:s3cret@x", "homeassistant_ca": "missing.pem"}, "missing.pem can't be read"),
    ],
)
def test_what_can_not_work_is_refused_before_anything_starts_and_no_password_is_told(wrong, said):
    with pytest.raises(SettingsError, match=said) as refused:
        node.parts_beside(Settings(**wrong))

    assert "s3cret" not in str(refused.value)


def test_a_broker_that_is_away_is_not_waited_for_for_ever_where_all_is_to_be_removed(node_command, monkeypatch):
    monkeypatch.setattr(homeassistant, "REMOVE_S", 0.1)
    monkeypatch.setenv("ANIMOV_HOMEASSISTANT_URL", CLOSED)
    done = node_command("homeassistant", "--remove")

    assert (done.code, done.out) == (1, "")
    assert "127.0.0.1:9" in done.err
    assert "s3cret" not in done.err


def test_the_page_tells_of_every_entity_and_attribute():
    page = (ROOT / "docs" / "home-assistant.md").read_text("utf-8")
    group = GroupNow(1, "g", NOON, 0.5, 1, 1, 0.5, 0.4, 0.6)
    barn = Farm(1, "barn", "", "Europe/Paris", None, None, [])
    told = tell(Topics(), [Seen(barn, "fr", [group], [])], "1")
    shown = home_assistant.entities({**told.descriptions, **told.states, Topics().status: b"online"})

    assert [one.name for one in shown.values() if one.name not in page] == []
    assert {name for one in shown.values() for name in one.attributes if f"`{name}`" not in page} == set()


def test_the_command_wants_a_broker(node_command):
    done = node_command("homeassistant")

    assert (done.code, done.out) == (1, "")
    assert "ANIMOV_HOMEASSISTANT_URL" in done.err


@pytest.fixture
def node_command(node, monkeypatch):
    monkeypatch.delenv("ANIMOV_HOMEASSISTANT_URL", raising=False)
    return node


@pytest.mark.parametrize("name", ["homeassistant_prefix", "homeassistant_node"])
@pytest.mark.parametrize("value", ["", "a b", "+", "a/#", "/"])
def test_a_prefix_and_a_name_are_levels_of_topics(name, value):
    with pytest.raises(SettingsError, match=name.upper()):
        load_settings(**{name: value})


def test_no_message_repeats_the_url():
    assert "s3cret" not in repr(Settings(homeassistant_url=CLOSED))
    with pytest.raises(SettingsError) as refused:
        load_settings(homeassistant_url=["mqtt://me:s3cret@x"])
    assert "s3cret" not in str(refused.value)

"""Mosquitto as docker-compose.yml sets it: over TLS collars write their own topics and read none, the bridge reads."""

import asyncio
import getpass
import shutil
import signal
import ssl
from contextlib import asynccontextmanager, suppress
from hashlib import sha256
from pathlib import Path

import aiomqtt
import pytest
import yaml
from sqlalchemy import text

from animov.broker_passwords import broker_named, write_passwords
from animov.ports import free_port
from core.errors import SettingsError
from core.readings import CollarName
from ingest.broker import Broker
from ingest.mqtt.subscriber import subscribe
from ingest.mqtt.testing import NOW_MS, Ledger, until
from ingest.subscription import Subscription
from storage.herds import credentials, herd

COMPOSE = yaml.safe_load((Path(__file__).parents[2] / "docker-compose.yml").read_text("utf-8"))
BRIDGE = "the bridge's own"

pytestmark = pytest.mark.mosquitto


class Region:
    """A Mosquitto of the composition, its database, and who may come in."""

    def __init__(self, engine, folder, certificate):
        self.engine, self.folder = engine, folder
        self.passwords = folder / "collars"
        self.trusting = ("--cafile", certificate[0])
        self.trusted = ssl.create_default_context(cafile=certificate[0])
        self.port, self.inner = free_port("127.0.0.1"), free_port("127.0.0.1")

    @property
    def bridge(self):
        return Broker("localhost", self.inner, tls=True, user="animov", password=BRIDGE)

    def give_password(self, collar):
        with self.engine.begin() as connection:
            return credentials.new_password(connection, herd.ensure_collar(connection, CollarName("barn", collar)))

    def write(self):
        return write_passwords(self.engine, self.passwords, self.bridge)

    def client(self, user, password, name=None):
        return aiomqtt.Client(
            "localhost",
            self.inner if user == "animov" else self.port,
            identifier=name,
            username=user,
            password=password,
            tls_context=self.trusted,
            protocol=aiomqtt.ProtocolVersion.V5,
        )

    async def is_let_in(self, user, password, *trusting):
        """Whether a client written in C gets in; it trusts the broker's certificate unless it is told otherwise."""
        named = ["-u", user, "-P", password] if user else []
        argv = ["-h", "localhost", "-p", str(self.port), "-t", "x", "-n", *named, *(trusting or self.trusting)]
        publisher = await asyncio.create_subprocess_exec("mosquitto_pub", *argv, stderr=asyncio.subprocess.DEVNULL)
        return await publisher.wait() == 0


@pytest.fixture
def region(engine, tmp_path, certificate):
    made = Region(engine, tmp_path, certificate)
    settled = {
        "listener 8883": f"listener {made.port} 127.0.0.1\nuser {getpass.getuser()}",
        "listener 8884": f"listener {made.inner} 127.0.0.1",
        "/run/secrets/tls_certificate": certificate[0],
        "/run/secrets/tls_key": certificate[1],
        "/mosquitto/passwords/collars": made.passwords,
        "/mosquitto/config/acl": tmp_path / "acl",
        "/mosquitto/config/mosquitto.conf": tmp_path / "mosquitto.conf",
        "/mosquitto/data/": f"{tmp_path}/",
        "sleep 5": "sleep 0.1",
        "mosquitto -c": f"{shutil.which('mosquitto', path='/usr/sbin:/usr/bin:/usr/local/sbin')} -c",
        "$$": "$",
    }

    def here(said):
        for there, place in settled.items():
            said = said.replace(there, str(place))
        return said

    (tmp_path / "mosquitto.conf").write_text(here(COMPOSE["configs"]["mosquitto"]["content"]))
    (tmp_path / "acl").write_text(here(COMPOSE["configs"]["mosquitto_acl"]["content"]))
    made.argv = [here(word) for word in COMPOSE["services"]["mosquitto"]["command"]]
    return made


@asynccontextmanager
async def running(region):
    region.write()
    process = await asyncio.create_subprocess_exec(*region.argv, stderr=asyncio.subprocess.DEVNULL)
    try:
        while not await region.is_let_in("animov", BRIDGE):
            assert process.returncode is None, "Mosquitto did not start"
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 60) == 0


async def test_a_collar_writes_its_own_topics_and_nothing_else(region):
    one, other = region.give_password("one"), region.give_password("other")
    ledger = Ledger()
    subscription = Subscription(group="bridges", drain_s=0)
    async with (
        running(region),
        subscribe(region.bridge, subscription, intake=ledger, now_ms=lambda: NOW_MS, tls=region.trusted) as bridge,
        region.client("barn/one", one) as collar,
        region.client("barn/other", other) as neighbour,
    ):
        await until(lambda: bridge.statistics.subscribed)
        for topic in ("animov/v1/barn/other/samples", "animov/v1/barn/one", "animov/v1/barn/one/samples/x", "x"):
            await collar.publish(topic, b"forged", 1)
        await neighbour.publish("animov/v1/barn/other/samples", b"own", 1)
        await collar.publish("animov/v1/barn/one/samples", b"own", 1)
        await until(lambda: len(ledger.messages) == 2)

    assert sorted(ledger.messages) == [
        ("animov/v1/barn/one/samples", NOW_MS, b"own"), ("animov/v1/barn/other/samples", NOW_MS, b"own"),
    ]  # fmt: skip


@pytest.mark.parametrize("topic", ["#", "animov/v1/barn/one/samples", "$SYS/#", "$share/bridges/animov/v1/+/+/+"])
async def test_a_collar_reads_nothing(region, topic):
    one = region.give_password("one")
    async with running(region), region.client("animov", BRIDGE) as bridge, region.client("barn/one", one) as collar:
        await bridge.subscribe("animov/v1/+/+/+")
        with suppress(aiomqtt.MqttError):  # Mosquitto may refuse it, or take it and deliver nothing
            await collar.subscribe(topic)
        await collar.publish("animov/v1/barn/one/samples", b"own", 1)
        heard = await anext(aiter(bridge.messages))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):  # it would have been sent before what the bridge got
                await anext(aiter(collar.messages))

    assert heard.payload == b"own"


async def test_no_collar_can_take_the_session_of_the_bridge_or_a_share_of_what_it_gets(region):
    """While the bridge is away, also over a restart of Mosquitto."""
    one, other = region.give_password("one"), region.give_password("other")
    ledger, subscription = Ledger(), Subscription(client_id="bridge-1", drain_s=0)
    listening = {"intake": ledger, "now_ms": lambda: NOW_MS, "tls": region.trusted}
    async with running(region), subscribe(region.bridge, subscription, **listening) as bridge:
        await bridge.subscribed()
        async with region.client("barn/other", other, "bridge-1"):
            pass
        assert bridge.statistics.connections == 1
    async with running(region):
        async with region.client("barn/other", other, "bridge-1") as thief, region.client("barn/one", one) as collar:
            await thief.subscribe("$share/bridges/animov/v1/+/+/+", 1)
            for number in range(20):
                await collar.publish("animov/v1/barn/one/samples", str(number).encode(), 1)
        async with subscribe(region.bridge, subscription, **listening) as bridge:
            await until(lambda: len(ledger.messages) == 20)
            assert bridge.statistics.session_kept


async def test_a_stranger_is_refused(region):
    one = region.give_password("one")
    async with running(region):
        assert await region.is_let_in("barn/one", one)
        assert not await region.is_let_in("barn/one", "wrong")
        assert not await region.is_let_in("barn/one", "")
        assert not await region.is_let_in("barn/two", one)
        assert not await region.is_let_in(None, None)
        assert not await region.is_let_in("barn/one", one, "--tls-use-os-certs")
        assert not await region.is_let_in("barn/one", one, "-V", "311")


async def test_a_new_password_counts_while_the_broker_runs_and_the_old_one_no_longer(region):
    old = region.give_password("one")
    async with running(region):
        assert await region.is_let_in("barn/one", old)
        new = region.give_password("one")
        assert region.write().changed
        while not await region.is_let_in("barn/one", new):
            assert await region.is_let_in("animov", BRIDGE)
        assert not await region.is_let_in("barn/one", old)


def test_the_file_is_left_alone_until_it_would_say_something_else(region):
    region.give_password("one")
    assert region.write() == (True, 1, [])
    before = region.passwords.read_text()
    assert region.write() == (False, 1, [])
    assert region.passwords.read_text() == before
    assert region.passwords.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in region.folder.glob("*collars*")] == ["collars"]


def test_a_password_of_earlier_is_named_for_it_can_not_be_told_to_a_broker(region):
    region.give_password("one")
    with region.engine.begin() as connection:
        herd.ensure_collar(connection, CollarName("barn", "early"))
        connection.execute(
            text("UPDATE collar SET password_hash = :hash WHERE name = 'early'"),
            {"hash": sha256(b"secret").hexdigest()},
        )
    assert region.write() == (True, 1, ["barn/early"])


def test_the_bridge_is_named_by_a_url_or_by_a_file_that_holds_it(tmp_path):
    url = "mqtts://animov:s%20ecret@localhost"
    (tmp_path / "url").write_text(f"{url}\n")
    assert broker_named(str(tmp_path / "url")) == broker_named(url)
    with pytest.raises(SettingsError, match="nor by a file"):
        broker_named(str(tmp_path / "missing"))

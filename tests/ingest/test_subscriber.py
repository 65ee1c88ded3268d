"""The subscriber against a real Mosquitto: nothing lost, nothing acknowledged before it is settled."""

import asyncio
import socket
import ssl
from contextlib import asynccontextmanager

import aiomqtt
import pytest

import ingest.mqtt.subscriber
import ingest.subscriber
from core.errors import SettingsError
from ingest.broker import Broker, parse_broker
from ingest.mqtt.testing import NOW_MS, Ledger, until
from ingest.subscription import Subscription
from tests import mosquitto
from tests.mosquitto import HOST

TOPIC = "animov/v1/farm/collar/samples"


@pytest.mark.parametrize(
    ("url", "broker"),
    [
        ("mqtt://farm.example", Broker("farm.example", 1883)),
        ("mqtts://farm.example", Broker("farm.example", 8883, tls=True)),
        ("mqtt://me:p%40ss@farm.example:1884/", Broker("farm.example", 1884, user="me", password="p@ss")),
        ("mqtt://me@[::1]", Broker("::1", 1883, user="me")),
    ],
)
def test_a_url_says_where_the_broker_is(url, broker):
    assert parse_broker(url) == broker


@pytest.mark.parametrize(
    "url", ["farm.example", "http://farm.example", "mqtt://", "mqtt://me:secret@farm:x", "mqtt://me:secret@farm/topic"]
)
def test_a_url_that_is_not_understood_is_refused_without_repeating_it(url):
    with pytest.raises(SettingsError, match="mqtt://user:password@host:port") as caught:
        parse_broker(url)

    assert "secret" not in str(caught.value)


def test_a_broker_prints_without_its_password():
    broker = parse_broker("mqtt://me:secret@farm.example")

    assert "secret" not in f"{broker} {broker!r}"


def test_a_shared_subscription_names_its_group():
    assert Subscription(group="edge").filters == ["$share/edge/animov/v1/+/+/+"]


# -- with a real broker


def running(folder, *lines):
    """A broker that keeps what it has beyond its life, and counts every second what it drops."""
    kept = ("persistence true", f"persistence_location {folder}/", "sys_interval 1")
    return mosquitto.running(folder, "allow_anonymous true", *kept, *lines)


async def publish(server, *payloads):
    async with aiomqtt.Client(HOST, server.port) as client:
        await asyncio.gather(*(client.publish(TOPIC, payload, 1) for payload in payloads))


@pytest.fixture(params=[ingest.subscriber.subscribe, ingest.mqtt.subscriber.subscribe], ids=["paho", "own"])
def subscribe(request):
    """Either of our subscribers: what holds of one holds of the other."""
    return request.param


@pytest.fixture
def hearing(subscribe):
    """Be subscribed for the time of a block."""

    @asynccontextmanager
    async def heard(server, ledger, **options):
        subscription = Subscription(**{"drain_s": 0, **options})
        async with subscribe(server.broker(), subscription, intake=ledger, now_ms=lambda: NOW_MS) as here:
            await until(lambda: here.statistics.subscribed)
            yield here

    return heard


def payloads(ledger):
    return [message.payload for message in ledger.messages]


NUMBERED = [b"%d" % i for i in range(300)]
VERSIONS = pytest.mark.parametrize("version", ["3.1.1", "5"])


@pytest.mark.mosquitto
@VERSIONS
async def test_every_message_is_heard_in_order_and_acknowledged(hearing, version, tmp_path):
    ledger = Ledger()
    async with running(tmp_path) as server, hearing(server, ledger, version=version) as subscriber:
        await publish(server, *NUMBERED)
        await until(lambda: len(ledger.messages) == 300)

        assert payloads(ledger) == NUMBERED
        assert ledger.messages[0] == (TOPIC, NOW_MS, b"0")
        assert subscriber.statistics.messages == 300
        assert subscriber.statistics.unsettled == 0


@pytest.mark.mosquitto
@VERSIONS
async def test_what_comes_while_the_subscriber_is_away_is_heard_when_it_is_back(hearing, version, tmp_path):
    ledger = Ledger()
    async with running(tmp_path) as server:
        async with hearing(server, Ledger(), version=version):
            pass
        await publish(server, *NUMBERED)
        async with hearing(server, ledger, version=version) as subscriber:
            await until(lambda: len(ledger.messages) == 300)
            assert subscriber.statistics.session_kept

    assert payloads(ledger) == NUMBERED


@pytest.mark.mosquitto
@VERSIONS
async def test_what_was_not_settled_is_delivered_again_and_what_was_settled_is_not(hearing, version, tmp_path):
    first, second = Ledger(at_once=False), Ledger()
    async with running(tmp_path) as server:
        async with hearing(server, first, version=version):
            for payload in (b"a", b"b", b"c"):
                await publish(server, payload)
                await until(lambda payload=payload: payload in payloads(first))
            first.batches[0].settle()
            first.batches[2].settle()  # its acknowledgement waits for that of b
        async with hearing(server, second, version=version):
            await until(lambda: len(second.messages) == 2)

    assert payloads(second) == [b"b", b"c"]


@pytest.mark.mosquitto
@VERSIONS
async def test_a_broker_that_starts_again_delivers_what_was_not_settled(hearing, version, tmp_path):
    ledger, one_by_one = Ledger(at_once=False), "max_inflight_messages 1"
    async with (
        running(tmp_path, one_by_one) as server,
        hearing(server, ledger, version=version, window=1) as subscriber,
    ):
        await publish(server, b"a")
        await until(lambda: ledger.batches)
        ledger.batches[0].settle()
        await publish(server, b"b")
        await until(lambda: len(ledger.batches) == 2)  # so the broker knows that a is settled
        await server.stop()
        await until(lambda: not subscriber.statistics.connected)
        ledger.batches[1].settle()  # too late for the connection on which it came
        await server.start()
        await until(lambda: len(ledger.batches) == 3)

        assert payloads(ledger) == [b"a", b"b", b"b"]
        assert subscriber.statistics.sessions_lost == 0
        assert subscriber.statistics.connections == 2


@pytest.mark.mosquitto
async def test_a_session_that_the_broker_has_forgotten_is_told(hearing, tmp_path):
    async with running(tmp_path) as server, hearing(server, Ledger()) as subscriber:
        await server.stop()
        (tmp_path / "mosquitto.db").unlink()
        await server.start()
        await until(lambda: subscriber.statistics.connections == 2)

        assert subscriber.statistics.sessions_lost == 1


@pytest.mark.mosquitto
@VERSIONS
async def test_no_more_than_the_window_is_held_and_nothing_is_lost(hearing, version, tmp_path):
    ledger, other = Ledger(at_once=False), Ledger()
    async with (
        running(tmp_path, "max_inflight_messages 1000") as server,
        hearing(server, ledger, version=version, window=50) as subscriber,
        hearing(server, other, client_id="other"),
    ):
        await publish(server, *NUMBERED)
        await until(lambda: len(other.messages) == 300)
        await until(lambda: subscriber.statistics.unsettled >= 50)
        assert subscriber.statistics.unsettled == 50
        while len(ledger.messages) < 300:
            assert subscriber.statistics.unsettled <= 50
            before = len(ledger.batches)
            ledger.settle()
            await until(lambda before=before: len(ledger.batches) > before)

    assert payloads(ledger) == NUMBERED


@pytest.mark.mosquitto
async def test_what_the_broker_drops_is_shown(hearing, tmp_path):
    ledger = Ledger(at_once=False)
    async with (
        running(tmp_path, "max_queued_messages 10") as server,
        hearing(server, ledger, window=5) as subscriber,
    ):
        await until(lambda: subscriber.statistics.broker_dropped is not None)
        await publish(server, *NUMBERED)
        await until(lambda: subscriber.statistics.broker_dropped)

        assert subscriber.statistics.broker_dropped <= 300


@pytest.mark.mosquitto
async def test_a_group_shares_the_messages(hearing, tmp_path):
    one, other = Ledger(), Ledger()
    async with (
        running(tmp_path) as server,
        hearing(server, one, client_id="one", group="edge"),
        hearing(server, other, client_id="other", group="edge"),
    ):
        await publish(server, *NUMBERED)
        await until(lambda: len(one.messages) + len(other.messages) == 300)

    assert sorted(payloads(one) + payloads(other)) == sorted(NUMBERED)
    assert one.messages
    assert other.messages


async def test_a_broker_that_is_away_is_waited_for(subscribe):
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        port = taken.getsockname()[1]
        async with subscribe(Broker(HOST, port), intake=Ledger(), now_ms=lambda: NOW_MS) as subscriber:
            await until(lambda: subscriber.statistics.attempts >= 2)

            assert not subscriber.statistics.connected


@pytest.mark.parametrize("turns", range(16))
async def test_whenever_it_is_left_while_it_connects_it_ends(subscribe, turns):
    """Also in the very turn of the loop in which the connection comes about."""
    with socket.create_server((HOST, 0)) as silent:  # connections to it come about, and nobody ever answers
        broker = Broker(HOST, silent.getsockname()[1])
        async with asyncio.timeout(20), subscribe(broker, intake=Ledger(), now_ms=lambda: NOW_MS):
            for _ in range(turns):
                await asyncio.sleep(0)


@pytest.mark.mosquitto
async def test_tls_is_spoken_where_the_url_says_so(subscribe, certificate, tmp_path):
    trusting = ssl.create_default_context(cafile=str(certificate[0]))
    async with running(tmp_path, f"certfile {certificate[0]}", f"keyfile {certificate[1]}") as server:
        broker = parse_broker(f"mqtts://localhost:{server.port}")
        async with subscribe(broker, intake=Ledger(), now_ms=lambda: NOW_MS, tls=trusting) as subscriber:
            await until(lambda: subscriber.statistics.subscribed)

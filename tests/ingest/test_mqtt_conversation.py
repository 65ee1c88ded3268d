"""Byte for byte: what a client says and what it is answered."""

import asyncio

import pytest

from core.errors import UnavailableError
from ingest.mqtt.reasons import V3, V5
from ingest.mqtt.shared import Limits
from ingest.mqtt.testing import NOW_MS, House, LastWords, Ledger, connect, publish, pubrel
from ingest.mqtt.wire import packet, string

TOPIC = "animov/v1/farm/collar/samples"
WILL = LastWords("animov/v1/farm/collar/status", b'{"online": false}')
ANNOUNCED = bytes.fromhex("21 1388 25 01 27 00041000 28 00 29 00 2a 00")


def connack_v5(properties=ANNOUNCED, *, present=0, reason=0):
    return packet(0x20, bytes((present, reason, len(properties))) + properties)


async def test_connack_of_3_1_1_says_accepted():
    assert await House().client().send(connect()) == [bytes.fromhex("20020000")]


async def test_connack_of_5_announces_what_is_taken():
    assert await House().client().send(connect(version=V5)) == [connack_v5()]


async def test_an_empty_client_id_of_5_is_assigned():
    (connack,) = await House().client().send(connect("", version=V5))

    assert b"\x12\x00\x25auto-" in connack


async def test_an_empty_client_id_of_3_1_1_is_taken_with_a_clean_session_only():
    assert await House().client().send(connect("", clean=True)) == [bytes.fromhex("20020000")]
    assert await House().client().send(connect("", clean=False)) == [bytes.fromhex("20020002")]


async def test_a_long_session_of_5_is_shortened_and_told():
    (connack,) = await House().client().send(connect(version=V5, properties=b"\x11\xff\xff\xff\xff"))

    assert connack == connack_v5(ANNOUNCED + b"\x11" + (3600).to_bytes(4, "big"))


@pytest.mark.parametrize("version", [V3, V5])
async def test_each_quality_of_service_is_answered_in_its_way(version):
    house = House()
    client = await house.guest(connect(version=version))

    answers = await client.send(
        publish(TOPIC, b"0", version=version)
        + publish(TOPIC, b"1", qos=1, packet_id=7, retain=True, version=version)
        + publish(TOPIC, b"2", qos=2, packet_id=8, version=version)
    )

    assert answers == [bytes.fromhex("40020007"), bytes.fromhex("50020008")]
    assert house.ledger.messages == [(TOPIC, NOW_MS, payload) for payload in (b"0", b"1", b"2")]
    assert len(house.ledger.batches) == 1
    assert await client.send(pubrel(8)) == [bytes.fromhex("70020008")]


@pytest.mark.parametrize("version", [V3, V5])
async def test_qos_2_is_delivered_once_until_it_is_released(version):
    house = House()
    client = await house.guest(connect(version=version))
    first, again = (publish(TOPIC, qos=2, packet_id=3, again=dup, version=version) for dup in (False, True))

    assert await client.send(first, again) == [bytes.fromhex("50020003")] * 2
    assert len(house.ledger.messages) == 1
    await client.send(pubrel(3))
    await client.send(first)
    assert len(house.ledger.messages) == 2


async def test_a_release_of_nothing_is_completed_all_the_same():
    assert await (await House().guest()).send(pubrel(9)) == [bytes.fromhex("70020009")]
    assert await (await House().guest(connect(version=V5))).send(pubrel(9)) == [bytes.fromhex("7003000992")]


async def test_nothing_is_acknowledged_before_it_is_settled():
    house = House(Ledger(at_once=False))
    client = await house.guest()

    assert await client.send(publish(TOPIC, qos=1, packet_id=1) + publish(TOPIC, qos=2, packet_id=2)) == []
    house.ledger.settle()
    assert client.wire.packets() == [bytes.fromhex("40020001"), bytes.fromhex("50020002")]


async def test_a_release_before_the_commit_ends_the_conversation():
    house = House(Ledger(at_once=False))
    client = await house.guest(connect(version=V5))

    assert await client.send(publish(TOPIC, qos=2, packet_id=2, version=V5), pubrel(2)) == [bytes.fromhex("e00182")]


async def test_acknowledgements_leave_in_order_of_receipt_whatever_order_they_are_settled_in():
    house = House(Ledger(at_once=False))
    client = await house.guest()
    for packet_id in (1, 2, 3):
        await client.send(publish(TOPIC, qos=1, packet_id=packet_id))
    first, second, third = house.ledger.batches

    second.settle()
    assert client.wire.packets() == []
    first.settle()
    assert client.wire.packets() == [bytes.fromhex("40020001"), bytes.fromhex("40020002")]
    third.settle()
    third.settle()
    assert client.wire.packets() == [bytes.fromhex("40020003")]
    assert house.endpoint.statistics.unsettled_messages == 0


async def test_one_settled_batch_is_one_write():
    house = House(Ledger(at_once=False))
    client = await house.guest()
    writes = []
    client.wire.write = writes.append

    await client.send(b"".join(publish(TOPIC, qos=1, packet_id=i) for i in range(1, 101)))
    house.ledger.settle()

    assert [len(write) for write in writes] == [400]


async def test_a_read_of_many_messages_is_handed_over_in_batches_of_bounded_size():
    house = House(limits=Limits(batch_messages=10))
    client = await house.guest()

    answers = await client.send(b"".join(publish("t", qos=1, packet_id=i) for i in range(1, 36)))

    assert [len(batch.messages) for batch in house.ledger.batches] == [10, 10, 10, 5]
    assert answers == [b"\x40\x02" + i.to_bytes(2, "big") for i in range(1, 36)]


async def test_what_was_read_before_a_disconnect_is_delivered():
    house = House(Ledger(at_once=False))
    client = await house.guest()

    assert await client.send(publish(TOPIC, b"last", qos=1) + b"\xe0\x00" + publish(TOPIC, b"after")) == []
    house.ledger.settle()

    assert [message.payload for message in house.ledger.messages] == [b"last"]
    assert client.wire.packets() == []
    assert house.endpoint.statistics.unsettled_messages == 0


async def test_pings_are_answered():
    assert await (await House().guest()).send(b"\xc0\x00") == [b"\xd0\x00"]


async def test_what_follows_connect_without_waiting_is_read_once_the_client_is_let_in():
    house = House()

    answers = await house.client().send(connect() + publish(TOPIC, qos=1) + b"\xc0\x00")

    assert answers == [bytes.fromhex("20020000"), bytes.fromhex("40020001"), b"\xd0\x00"]


WHY = string("this endpoint takes messages and serves no subscriptions")


async def test_subscriptions_are_refused_one_by_one():
    body = b"\x00\x05" + string("a/#") + b"\x01" + string("b") + b"\x00"

    assert await (await House().guest()).send(packet(0x82, body)) == [bytes.fromhex("900400058080")]


@pytest.mark.parametrize(
    ("properties", "said"),
    [
        pytest.param(b"", b"\x1f" + WHY, id="with a reason"),
        pytest.param(b"\x17\x00", b"", id="no problem information wanted"),
        pytest.param(b"\x27\x00\x00\x00\x28", b"", id="no room for a reason"),
    ],
)
async def test_subscriptions_of_5_are_refused_with_a_reason_where_it_is_wanted(properties, said):
    client = await House().guest(connect(version=V5, properties=properties))

    (suback,) = await client.send(packet(0x82, b"\x00\x05\x00" + string("a/#") + b"\x01"))

    assert suback == packet(0x90, b"\x00\x05" + bytes((len(said),)) + said + b"\x83")


async def test_unsubscribing_is_answered():
    body = b"\x00\x06" + string("a")

    assert await (await House().guest()).send(packet(0xA2, body)) == [bytes.fromhex("b0020006")]
    client = await House().guest(connect(version=V5))
    assert await client.send(packet(0xA2, b"\x00\x06\x00" + string("a"))) == [bytes.fromhex("b00400060011")]


BAD_TOPIC = packet(0x30, b"\x00\x02\xc3\x28")
SUBSCRIBE = b"\x00\x05" + string("a") + b"\x01"
V5_SUBSCRIBE = b"\x00\x05\x00" + string("a") + b"\x01"


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        pytest.param(connect(version=V5), 0x82, id="second CONNECT"),
        pytest.param(b"\x36\x00", 0x81, id="QoS 3"),
        pytest.param(b"\x38\x04\x00\x01t\x00", 0x81, id="DUP with QoS 0"),
        pytest.param(publish("a/+/b", version=V5), 0x90, id="wildcard"),
        pytest.param(publish("a/#", version=V5), 0x90, id="wildcard of many levels"),
        pytest.param(publish("", version=V5), 0x90, id="empty topic"),
        pytest.param(publish("", version=V5, properties=b"\x23\x00\x01"), 0x94, id="topic alias"),
        pytest.param(publish("t", version=V5, properties=b"\x0b\x01"), 0x81, id="subscription identifier"),
        pytest.param(publish("t", version=V5, properties=b"\x01\x00\x01\x00"), 0x82, id="property twice"),
        pytest.param(publish("t", version=V5, properties=b"\x01\x02"), 0x82, id="flag that is 2"),
        pytest.param(packet(0x30, b"\x00\x01t\x05\x01"), 0x81, id="properties longer than the packet"),
        pytest.param(publish("t", qos=1, packet_id=0, version=V5), 0x81, id="packet identifier 0"),
        pytest.param(BAD_TOPIC, 0x81, id="topic that is not UTF-8"),
        pytest.param(publish("a\0b", version=V5), 0x81, id="topic with U+0000"),
        pytest.param(packet(0x30, b"\x00\x09t"), 0x81, id="topic longer than the packet"),
        pytest.param(publish("t", b"x" * 1025, version=V5), 0x95, id="payload too large"),
        pytest.param(b"\x30\xff\xff\xff\x7f", 0x95, id="packet too large"),
        pytest.param(b"\x30\xff\xff\xff\xff\x01", 0x81, id="length of five bytes"),
        pytest.param(b"\x60\x02\x00\x01", 0x81, id="flags of PUBREL"),
        pytest.param(packet(0x80, V5_SUBSCRIBE), 0x81, id="flags of SUBSCRIBE"),
        pytest.param(packet(0x82, b"\x00\x05\x00"), 0x82, id="SUBSCRIBE of nothing"),
        pytest.param(packet(0x82, V5_SUBSCRIBE[:-1] + b"\xc0"), 0x81, id="reserved options"),
        pytest.param(packet(0xA2, b"\x00\x05\x00\x00\x00"), 0x81, id="empty filter"),
        pytest.param(b"\xc0\x01\x00", 0x81, id="PINGREQ with a body"),
        pytest.param(b"\xc1\x00", 0x81, id="flags of PINGREQ"),
        pytest.param(b"\x20\x02\x00\x00", 0x82, id="CONNACK from a client"),
        pytest.param(b"\x40\x02\x00\x01", 0x82, id="PUBACK for nothing"),
        pytest.param(b"\xf0\x00", 0x82, id="AUTH"),
        pytest.param(b"\x00\x00", 0x82, id="packet type 0"),
        pytest.param(packet(0xE0, b"\x00\x05\x11\x00\x00\x00\x09"), 0x82, id="life for a session that had none"),
    ],
)
async def test_what_has_no_place_ends_the_conversation_after_what_came_before(said, reason):
    house = House(limits=Limits(max_payload_bytes=1024))
    client = await house.guest(connect(version=V5))

    answers = await client.send(publish("t", qos=1, version=V5) + said)

    assert answers == [bytes.fromhex("40020001"), bytes((0xE0, 1, reason))]
    assert client.wire.closed
    assert len(house.ledger.messages) == 1
    assert sum(house.endpoint.statistics.refused.values()) == 1


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(connect(), id="second CONNECT"),
        pytest.param(publish("a/#"), id="wildcard"),
        pytest.param(publish(""), id="empty topic"),
        pytest.param(publish("t", qos=1, packet_id=0), id="packet identifier 0"),
        pytest.param(BAD_TOPIC, id="topic that is not UTF-8"),
        pytest.param(publish("t", b"x" * 1025), id="payload too large"),
        pytest.param(packet(0x82, SUBSCRIBE[:-1] + b"\x04"), id="options of 5"),
        pytest.param(b"\xe0\x01\x00", id="DISCONNECT of 5"),
    ],
)
async def test_3_1_1_is_closed_without_a_word(said):
    house = House(limits=Limits(max_payload_bytes=1024))
    client = await house.guest()

    assert await client.send(said) == []
    assert client.wire.closed


def level(name, number):
    return packet(0x10, string(name) + bytes((number, 2, 0, 0)) + string("c"))


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        pytest.param(level("MQIsdp", 3), "20020001", id="3.1"),
        pytest.param(level("MQTT", 6), "20020001", id="level 6"),
        pytest.param(level("MQTT", 0), "20020001", id="level 0"),
        pytest.param(level("HTTP", 4), "", id="another protocol"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", "", id="another protocol altogether"),
        pytest.param(publish(TOPIC, qos=1), "", id="PUBLISH first"),
        pytest.param(b"\x10\xff\xff\xff\x7f", "", id="CONNECT of 256 MB"),
        pytest.param(packet(0x10, string("MQTT") + b"\x04\x03\x00\x00" + string("c")), "", id="reserved flag"),
        pytest.param(packet(0x10, string("MQTT") + b"\x04\x1a\x00\x00" + string("c")), "", id="will QoS, no will"),
        pytest.param(packet(0x10, string("MQTT") + b"\x04\x42\x00\x00" + string("c") * 2), "", id="no user"),
        pytest.param(packet(0x10, string("MQTT") + b"\x04\x02\x00\x00" + string("c") * 2), "", id="too long"),
        pytest.param(packet(0x10, string("MQTT") + b"\x05\x03\x00\x00\x00" + string("c")), "2003008100", id="v5 flag"),
        pytest.param(connect(version=V5, properties=b"\x21\x00\x00"), "2003008200", id="Receive Maximum 0"),
        pytest.param(connect(version=V5, properties=b"\x15\x00\x01x"), "2003008c00", id="enhanced authentication"),
        pytest.param(connect(version=V5, will=LastWords("a/#", b"")), "2003009000", id="will with a wildcard"),
    ],
)
async def test_a_bad_beginning_is_answered_as_its_version_can(said, answer):
    client = House().client()

    assert b"".join(await client.send(said)).hex() == answer
    assert client.wire.closed


# -- who may come in


class Farmer:
    def may_write(self, topic):
        return topic.startswith("animov/v1/farm/")


async def ask(client_id, user, password):
    if user == "away":
        raise UnavailableError("the database is away")
    return Farmer() if (user, password) == ("farm", b"secret") else None


@pytest.mark.parametrize(
    ("user", "password", "v3", "v5"),
    [
        (None, None, 5, 0x86),
        ("farm", b"wrong", 5, 0x86),
        ("farm", None, 5, 0x86),
        ("away", b"secret", 3, 0x88),
    ],
)
async def test_strangers_are_refused(user, password, v3, v5):
    house = House(authenticate=ask)

    assert await house.client().send(connect(user=user, password=password)) == [bytes((0x20, 2, 0, v3))]
    answers = await house.client().send(connect(version=V5, user=user, password=password))
    assert answers == [bytes((0x20, 3, 0, v5, 0))]


async def test_3_1_1_is_closed_when_it_writes_where_it_may_not():
    house = House(authenticate=ask)
    client = await house.guest(connect(user="farm", password=b"secret"))

    assert await client.send(publish(TOPIC, qos=1), publish("animov/v1/other/c/samples", qos=1)) == [
        bytes.fromhex("40020001")
    ]
    assert client.wire.closed
    assert [message.topic for message in house.ledger.messages] == [TOPIC]


async def test_5_is_told_for_each_message_in_its_turn_and_goes_on():
    house = House(Ledger(at_once=False), authenticate=ask)
    client = await house.guest(connect(version=V5, user="farm", password=b"secret"))
    other = "animov/v1/other/c/samples"

    await client.send(
        publish(TOPIC, qos=1, packet_id=1, version=V5), publish(other, qos=1, packet_id=2, version=V5)
        + publish(other, qos=0, version=V5) + publish(other, qos=2, packet_id=3, version=V5)
        + publish(TOPIC, qos=1, packet_id=4, version=V5),
    )  # fmt: skip
    house.ledger.settle()

    answers = [bytes.fromhex(h) for h in ("40020001", "4003000287", "5003000387", "40020004")]
    assert client.wire.packets() == answers
    assert [message.topic for message in house.ledger.messages] == [TOPIC, TOPIC]
    assert house.endpoint.statistics.refused == {"not_authorized": 3}


async def test_a_will_where_the_client_may_not_write_is_refused():
    said = connect(user="farm", password=b"secret", will=LastWords("animov/v1/other/c/status", b""))

    assert await House(authenticate=ask).client().send(said) == [bytes.fromhex("20020005")]


async def test_each_topic_is_judged_once():
    asked = []

    class Counting:
        def may_write(self, topic):
            asked.append(topic)
            return True

    async def count(client_id, user, password):
        return Counting()

    client = await House(authenticate=count).guest()
    await client.send(*[publish(topic, qos=qos) for topic in ("a", "b") for qos in (0, 1, 2)])

    assert asked == ["a", "b"]


async def test_a_client_that_goes_while_it_is_judged_is_forgotten():
    forever = asyncio.Event()

    async def never(client_id, user, password):
        await forever.wait()

    house = House(authenticate=never)
    client = await house.guest()
    client.vanish()
    await asyncio.sleep(0)

    assert house.endpoint.statistics.connections == 0


# -- the same client again


@pytest.mark.parametrize(("version", "told"), [(V3, []), (V5, [bytes.fromhex("e0018e")])])
async def test_a_second_client_of_the_same_id_takes_over(version, told):
    house = House(Ledger(at_once=False))
    first = await house.guest(connect("same", version=version))
    await first.send(publish(TOPIC, qos=1, version=version))
    second = await house.guest(connect("same"))

    assert first.wire.packets() == told
    assert first.wire.closed
    house.ledger.settle()
    assert first.wire.packets() == []
    assert await second.send(b"\xc0\x00") == [b"\xd0\x00"]


async def test_a_session_is_present_only_for_a_client_that_was_here_and_kept_it():
    house = House()
    for clean, present in [(False, 0), (False, 1), (True, 0), (False, 0)]:
        client = house.client()
        assert await client.send(connect("same", clean=clean)) == [bytes((0x20, 2, present, 0))]
        client.vanish()


async def test_a_session_ends_after_its_time():
    house = House()
    kept = connect("same", version=V5, clean=False, properties=b"\x11\x00\x00\x00\x0a")
    (await house.guest(kept)).vanish()
    house.pass_time(9)
    second = house.client()
    assert await second.send(kept) == [connack_v5(present=1)]
    second.vanish()
    house.pass_time(11)

    assert await house.client().send(kept) == [connack_v5(present=0)]


async def test_qos_2_is_delivered_once_over_connections_of_one_session():
    house = House()
    first = await house.guest(connect("same", clean=False))
    await first.send(publish(TOPIC, qos=2, packet_id=5))
    first.vanish()
    second = await house.guest(connect("same", clean=False))

    assert await second.send(publish(TOPIC, qos=2, packet_id=5, again=True)) == [bytes.fromhex("50020005")]
    assert len(house.ledger.messages) == 1


async def test_qos_2_that_was_not_committed_when_its_connection_went_is_taken_again():
    house = House(Ledger(at_once=False))
    first = await house.guest(connect("same", clean=False))
    await first.send(publish(TOPIC, qos=2, packet_id=5))
    first.vanish()
    second = await house.guest(connect("same", clean=False))

    assert await second.send(publish(TOPIC, qos=2, packet_id=5, again=True)) == []
    house.ledger.settle()
    assert second.wire.packets() == [bytes.fromhex("50020005")]


# -- the last will


def wills(house):
    return [message for message in house.ledger.messages if message.topic == WILL.topic]


@pytest.mark.parametrize(
    ("version", "goodbye", "count"),
    [
        pytest.param(V3, b"\xe0\x00", 0, id="3.1.1 says goodbye"),
        pytest.param(V5, b"\xe0\x00", 0, id="5 says goodbye"),
        pytest.param(V5, b"\xe0\x01\x00", 0, id="5 says normal"),
        pytest.param(V5, b"\xe0\x01\x04", 1, id="5 says with will"),
        pytest.param(V3, b"", 1, id="3.1.1 vanishes"),
        pytest.param(V5, b"", 1, id="5 vanishes"),
        pytest.param(V3, b"\x00\x00", 1, id="3.1.1 breaks the rules"),
    ],
)
async def test_a_will_is_delivered_unless_its_client_says_goodbye(version, goodbye, count):
    house = House()
    client = await house.guest(connect(version=version, will=WILL))

    await client.send(goodbye)
    client.vanish()

    assert wills(house) == [(WILL.topic, NOW_MS, WILL.payload)] * count
    assert house.endpoint.statistics.unsettled_messages == 0


@pytest.mark.parametrize(
    ("expiry", "passing", "back", "count"),
    [
        pytest.param(60, 4, False, 0, id="not yet"),
        pytest.param(60, 5, False, 1, id="when its delay is over"),
        pytest.param(3, 3, False, 1, id="when its session ends"),
        pytest.param(0, 0, False, 1, id="at once without a session"),
        pytest.param(60, 4, True, 0, id="not when the client is back"),
    ],
)
async def test_a_delayed_will_waits(expiry, passing, back, count):
    house = House()
    delayed = LastWords(WILL.topic, WILL.payload, b"\x18\x00\x00\x00\x05")
    session = b"\x11" + expiry.to_bytes(4, "big")
    said = connect("same", version=V5, clean=False, will=delayed, properties=session)
    (await house.guest(said)).vanish()

    house.pass_time(passing)
    if back:
        await house.guest(said)
        house.pass_time(10)

    assert len(wills(house)) == count


# -- time


async def test_silence_of_one_and_a_half_keep_alives_ends_the_conversation():
    house = House()
    client = await house.guest(connect(version=V5, keep_alive_s=10))
    house.pass_time(15)
    assert not client.wire.closed
    house.pass_time(0.1)

    assert client.wire.packets() == [bytes.fromhex("e0018d")]
    assert client.wire.closed


async def test_keep_alive_0_promises_nothing():
    house = House()
    client = await house.guest(connect(keep_alive_s=0))
    house.pass_time(1e6)

    assert not client.wire.closed


async def test_keep_alive_does_not_expire_while_we_pause():
    house = House(Ledger(at_once=False), limits=Limits(inbox_messages=1))
    client = await house.guest(connect(keep_alive_s=10))
    await client.send(publish(TOPIC, qos=1, packet_id=1) + publish(TOPIC, qos=1, packet_id=2))
    assert client.wire.paused
    house.pass_time(1000)
    assert not client.wire.closed
    house.ledger.settle()
    assert not client.wire.paused
    house.pass_time(15)
    assert not client.wire.closed
    house.pass_time(1)

    assert client.wire.closed


async def test_a_slow_connect_is_not_waited_for():
    house = House()
    client = house.client()
    for byte in connect()[:9]:
        await client.send(bytes((byte,)))
        house.pass_time(1)
    assert not client.wire.closed
    house.pass_time(1.1)

    assert client.wire.closed
    assert house.endpoint.statistics.refused == {"connect_timeout": 1}


async def test_no_more_connections_than_allowed():
    house = House(limits=Limits(connections=2))
    first, second, third = house.client(), house.client(), house.client()

    assert [client.wire.closed for client in (first, second, third)] == [False, False, True]
    third.vanish()
    first.vanish()
    assert not house.client().wire.closed


# -- too much


async def test_5_may_not_have_more_unacknowledged_than_the_receive_maximum():
    house = House(Ledger(at_once=False), limits=Limits(receive_maximum=2))
    client = await house.guest(connect(version=V5))
    said = [publish(TOPIC, qos=qos, packet_id=i, version=V5) for i, qos in [(1, 1), (2, 2), (3, 1)]]

    assert await client.send(said[0] + said[1]) == []
    assert await client.send(said[2]) == [bytes.fromhex("e00193")]


@pytest.mark.parametrize("limits", [Limits(inbox_messages=9), Limits(inbox_bytes=9 * 30)], ids=["messages", "bytes"])
async def test_a_full_inbox_pauses_everybody_until_half_is_settled(limits):
    house = House(Ledger(at_once=False), limits=limits)
    busy, idle = await house.guest(connect("busy")), await house.guest(connect("idle"))
    for i in range(1, 11):
        assert not busy.wire.paused
        await busy.send(publish("t", b"x" * 23, qos=1, packet_id=i))
    late = house.client()
    assert busy.wire.paused
    assert idle.wire.paused
    assert late.wire.paused
    for settled, batch in enumerate(house.ledger.batches, 1):
        batch.settle()
        assert idle.wire.paused is busy.wire.paused is late.wire.paused is (10 - settled > 9 // 2)

    assert house.endpoint.statistics.pauses == 1


async def test_a_client_that_does_not_read_its_acknowledgements_is_not_read():
    client = await House().guest()
    client.connection.pause_writing()
    assert client.wire.paused
    client.connection.resume_writing()

    assert not client.wire.paused


async def test_a_packet_larger_than_any_read_is_taken_whole():
    house = House()
    client = await house.guest()
    payload = bytes(range(256)) * 1024

    assert await client.send(publish(TOPIC, payload, qos=1)) == [bytes.fromhex("40020001")]
    assert house.ledger.messages[0].payload == payload

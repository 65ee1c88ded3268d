"""The quick way to read PUBLISH takes nothing that the thorough way would see differently."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.mqtt.packets import acknowledgement, frame, read_publish
from ingest.mqtt.publishes import Found, read_publishes
from ingest.mqtt.reasons import V3, V5
from ingest.mqtt.testing import NOW_MS, publish
from ingest.mqtt.wire import string

KNOWN = {string(topic): topic for topic in ("t", "u/v")}
VERSIONS = st.sampled_from([V3, V5])


def quick(chunk, version, *, room=100, largest=1000):
    found = Found()
    stop = read_publishes(chunk, 0, found, room=room, known=KNOWN, v5=version == V5, largest=largest)
    return stop, found


def thorough(chunk, stop, version):
    position, messages, replies = 0, [], []
    while position < stop:
        packet = frame(chunk, position, 10_000)
        message = read_publish(packet.first & 0x0F, chunk[packet.start : packet.stop], version)
        messages.append((message.topic, NOW_MS, message.payload))
        replies += [acknowledgement(b"\x40\x02", message.packet_id)] if message.qos else []
        position = packet.stop
    return position, messages, replies


PACKETS = st.builds(
    lambda version, topic, payload, qos, packet_id: publish(
        topic, payload, qos=qos, packet_id=packet_id, version=version
    ),
    VERSIONS, st.sampled_from(["t", "u/v", "w"]), st.sampled_from([b"", b"\0", b"p", b"x" * 130]),
    st.integers(0, 2), st.integers(0, 2),
)  # fmt: skip


@st.composite
def streams(draw):
    stream = bytearray(b"".join(draw(st.lists(PACKETS, min_size=1, max_size=4))))
    for place in draw(st.lists(st.integers(0, 12), max_size=2)):
        stream[place : place + 1] = bytes((draw(st.integers(0, 9)),))
    return bytes(stream)


@given(streams(), VERSIONS)
@example(b"\x32\x03\x00\x01t" + publish("t", b"payload"), V3)
@example(b"\x30\x03\x00\x01t" + publish("t", b"payload"), V5)
@example(b"\x32\x04\x00\x01t\x00" + publish("t", b"payload"), V3)
@example(b"\x30\x03\x00\x03u" + b"/v" + publish("t"), V3)
def test_what_is_taken_quickly_is_what_the_thorough_way_reads(stream, version):
    stop, found = quick(stream, version)

    assert (stop, found.messages(NOW_MS), found.replies) == thorough(stream, stop, version)


@given(st.sampled_from(["t", "u/v"]), st.sampled_from([b"", b"x" * 10, b"x" * 130]), st.integers(0, 1), VERSIONS)
def test_a_packet_is_taken_when_its_last_byte_is_there_and_not_before(topic, payload, qos, version):
    packet = publish(topic, payload, qos=qos, version=version)
    stream = packet + packet

    taken = [quick(stream[:length], version)[0] for length in range(len(stream) + 1)]

    assert taken == [len(packet) * (length // len(packet)) for length in range(len(stream) + 1)]


@pytest.mark.parametrize("room", [0, 1, 2, 3])
def test_no_more_are_taken_than_there_is_room_for(room):
    assert len(quick(publish("t") * 2, V3, room=room)[1].topics) == min(room, 2)


def test_a_large_packet_is_left_to_the_thorough_way():
    assert quick(publish("t", b"x" * 97), V3, largest=100)[0] > 0
    assert quick(publish("t", b"x" * 98), V3, largest=100)[0] == 0

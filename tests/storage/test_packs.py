import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.readings import Message
from storage.evidence.packs import PackError, pack, unpack

YEAR_10000 = 253_402_300_800_000

messages = st.lists(
    st.builds(
        Message, st.sampled_from(["", "a/b", "animov/v1/f/c/samples", "é"]), st.integers(0, YEAR_10000 - 1), st.binary()
    ),
    max_size=4,
)


@given(messages=messages)
def test_messages_come_back_in_order_and_to_the_byte(messages):
    assert unpack(pack(messages)) == messages
    assert msgspec.msgpack.decode(pack(messages)) == [1, [list(message) for message in messages]]


@pytest.mark.parametrize("version", [0, 2, 2**40])
def test_another_version_is_refused_by_its_number(version):
    with pytest.raises(PackError, match=f"version {version}, known is 1"):
        unpack(msgspec.msgpack.encode([version, "whatever comes then"]))


@given(messages=messages, cut=st.integers(1, 40))
def test_a_pack_that_was_cut_short_is_refused(messages, cut):
    packed = pack(messages)
    with pytest.raises(PackError, match="this is not a packed record"):
        unpack(packed[: max(0, len(packed) - cut)])


@pytest.mark.parametrize(
    "packed",
    [
        b"",
        b"{}",
        b"\xc1",
        msgspec.msgpack.encode([1]),
        msgspec.msgpack.encode([1, [["a", 1, "text"]]]),
        b"\x92\x01" + b"\x91" * 5000,
        pack([]) + b"\x00",
        pack([Message("a", 1, b""), Message("a", -1, b"")]),
        pack([Message("a", YEAR_10000, b"")]),
        pack([Message("a", 2**63, b"")]),
    ],
)
def test_what_is_no_pack_is_refused(packed):
    with pytest.raises(PackError, match="this is not a packed record"):
        unpack(packed)

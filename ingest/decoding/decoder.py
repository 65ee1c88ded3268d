"""From a message to the readings of collars, or to the reason why it is not admitted."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

import msgspec

from core.delivery import Decode
from core.readings import CollarName, Heard, Message, Reading, Rejected
from ingest.decoding.keys import MESSAGEPACK
from ingest.decoding.lorawan import read_chirpstack, read_things_stack
from ingest.decoding.posture import read_posture
from ingest.decoding.refusals import RefusedError, explained, refuse, shortened, unreadable
from ingest.decoding.samples import read_samples
from ingest.decoding.senml import read_senml
from ingest.decoding.status import read_status
from ingest.decoding.times import EARLIEST, judge
from ingest.decoding.topics import DeviceTopic, OwnTopic, parse_topic

LARGEST: Final = 1_048_576
"""Bytes of the largest payload that is looked into; 10,000 samples written with 17 digits take less."""

_ANY_AGE: Final = (
    10**18
)  # milliseconds: more than any admitted instant can lie back, and faster to compute with than inf

TOPICS_KEPT: Final = 65_536
"""Topics whose meaning is remembered at most."""

Aliases = Callable[[str], CollarName | None] | Mapping[str, CollarName]
"""The collar of a device, by `tts:{device_id}`, `chirpstack:{devEui, lower case}` or `senml:{name}`."""

Read = Callable[[bytes, int], tuple[Reading, int, int]]

_READ: Final[dict[str, Read]] = {"samples": read_samples, "posture": read_posture, "status": read_status}
_READ_UPLINK: Final = {"tts": read_things_stack, "chirpstack": read_chirpstack}


_new = tuple.__new__  # half the time of calling a NamedTuple, which shows in the cost of a single event


def make_decoder(*, future_limit: timedelta, age_limit: timedelta | None, aliases: Aliases) -> Decode:
    """Make a decoder of every format that AniMOV understands.

    What it returns depends on the message alone, its `received_at` included, on the two limits and on the aliases.
    A message is admitted or refused as a whole, so it can be tried again as a whole.

    Args:
        future_limit: How far a reading's latest instant may lie after `received_at`, inclusive.
        age_limit: How far it may lie before `received_at`, inclusive; any age if None.
        aliases: Collars of devices that do not speak on our own topics; asked anew for every message.
    """
    future_ms = future_limit // timedelta(milliseconds=1)
    age_ms = _ANY_AGE if age_limit is None else age_limit // timedelta(milliseconds=1)
    collar_of = aliases if callable(aliases) else aliases.get
    own: dict[str, tuple[CollarName, Read]] = {}

    def decode(message: Message) -> list[Heard] | Rejected:
        topic, received_at, payload = message
        try:
            if not 0 < len(payload) <= LARGEST:
                _refuse_size(payload)
            known = own.get(topic)
            if known is None:
                parsed = parse_topic(topic)
                if not isinstance(parsed, OwnTopic):
                    return _foreign(parsed, message, collar_of, received_at - age_ms, received_at + future_ms)
                known = _remember(own, topic, parsed)
            collar, read = known
            reading, first, last = read(payload, received_at)
        except RefusedError as refused:
            return refused.rejected
        except msgspec.ValidationError as error:
            return explained(error, _untyped(payload))
        except (ValueError, RecursionError) as error:
            return unreadable(error)
        if first >= EARLIEST and received_at - age_ms <= last <= received_at + future_ms:
            return [_new(Heard, (collar, reading))]
        return judge(first, last, received_at - age_ms, received_at + future_ms) or [Heard(collar, reading)]

    return decode


def _remember(own: dict[str, tuple[CollarName, Read]], topic: str, parsed: OwnTopic) -> tuple[CollarName, Read]:
    if len(own) >= TOPICS_KEPT:  # ids that somebody makes up must not fill the memory
        own.clear()
    own[topic] = parsed.collar, _READ[parsed.kind]
    return own[topic]


def _foreign(
    route: DeviceTopic | None,
    message: Message,
    collar_of: Callable[[str], CollarName | None],
    oldest: int,
    newest: int,
) -> list[Heard] | Rejected:
    heard = []
    for collar, (reading, first, last) in _read_foreign(route, message, collar_of):
        if rejected := judge(first, last, oldest, newest):
            return rejected
        heard.append(Heard(collar, reading))
    return heard


def _read_foreign(
    route: DeviceTopic | None, message: Message, collar_of: Callable[[str], CollarName | None]
) -> list[tuple[CollarName, tuple[Reading, int, int]]]:
    if isinstance(route, DeviceTopic):
        collar = _mapped(route.alias, collar_of)
        read = _READ_UPLINK[route.network]
        return [(collar, timed) for timed in read(message.payload, message.received_at, route.device)]
    if not message.payload.lstrip().startswith(b"["):
        refuse(
            "unknown_topic", f"topic {shortened(message.topic)} is none that AniMOV reads, and this is no SenML pack"
        )
    readings = read_senml(message.payload, message.received_at)
    return [(_mapped(f"senml:{device}", collar_of), timed) for device, timed in readings]


def _mapped(alias: str, collar_of: Callable[[str], CollarName | None]) -> CollarName:
    collar = collar_of(alias)
    if collar is None:
        refuse("unmapped_device", f"no collar is known by the alias {shortened(alias)}", alias)
    return collar


def _refuse_size(payload: bytes) -> None:
    if payload:
        refuse("too_large", f"the payload has {len(payload)} bytes, more than {LARGEST}")
    refuse("malformed", "the payload is empty")


def _untyped(payload: bytes) -> object:
    decode = msgspec.msgpack.decode if payload[0] >= MESSAGEPACK else msgspec.json.decode
    try:
        return decode(payload)
    except (ValueError, RecursionError):
        return None

"""Herds for benches and faults: collars in service, what they say, and what their rows must come to."""

import random
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from sqlalchemy import Engine, text

from core.readings import CollarName
from storage.herds import calibrations, herd
from storage.herds.calibrations import Reading

T0: Final = 1_750_000_500
"""Second since 1970 at which everything here begins; a bucket begins there too."""

Bits = tuple[str, str, str]


class Event(NamedTuple):
    """One sample of a leg tag.

    Attributes:
        collar: Number or name of the collar.
        at: Milliseconds since 1970.
        up: Acceleration along the up axis, in g.
    """

    collar: int | str
    at: int
    up: float


def take_into_service(engine: Engine, farm: str, count: int) -> None:
    """Make leg tags `tag-0` and so on, each worn since ever by the animal of the same name, all in group `all`."""
    with engine.begin() as connection:
        farm_id = herd.ensure_farm(connection, farm)
        group_id = herd.ensure_group(connection, farm_id, "all")
        for number in range(count):
            collar_id = herd.ensure_collar(connection, CollarName(farm, f"tag-{number}"))
            animal_id = herd.ensure_animal(connection, farm_id, f"tag-{number}")
            calibrations.append(connection, collar_id, 0, Reading("leg"), None)
            herd.assign(connection, collar_id, animal_id)
            herd.move(connection, animal_id, group_id)


def colliding(count: int, *, collars: int, seconds: int, seed: int) -> list[Event]:
    """Draw events at random: many seconds are hit more than once, also by both postures."""
    chance = random.Random(seed)
    return [
        Event(chance.randrange(collars), T0 * 1000 + chance.randrange(seconds * 1000), chance.choice((0.05, 0.97)))
        for _ in range(count)
    ]


def in_time_order(count: int, *, collars: int, every_ms: int, seed: int) -> list[Event]:
    """Let every collar speak in turn, each once in `every_ms` milliseconds; bouts last two minutes on average."""
    chance = random.Random(seed)
    up = [chance.choice((0.05, 0.97)) for _ in range(collars)]
    turning = every_ms / 120_000
    events = []
    for number in range(count):
        turn, collar = divmod(number, collars)
        if chance.random() < turning:
            up[collar] = 1.02 - up[collar]
        events.append(Event(collar, T0 * 1000 + turn * every_ms + collar * every_ms // collars, up[collar]))
    return events


def single(farm: str, events: Iterable[Event]) -> Iterator[tuple[str, bytes]]:
    """Write each event as a message of its own."""
    for collar, at, up in events:
        payload = f'{{"t":{at},"x":0.048,"y":{up:.3f},"z":-0.063}}'
        yield f"animov/v1/{farm}/tag-{collar}/samples", payload.encode()


def batched(farm: str, events: Sequence[Event], *, collars: int, size: int, hz: int) -> Iterator[tuple[str, bytes]]:
    """Write `size` events of each collar in turn as one message; the events are `in_time_order` at `hz`."""
    for start in range(0, len(events) - size * collars + 1, size * collars):
        for collar in range(collars):
            batch = events[start + collar : start + size * collars : collars]
            rows = ",".join(f"[0.048,{event.up:.3f},-0.063]" for event in batch)
            payload = f'{{"t0":{batch[0].at},"hz":{hz},"xyz":[{rows}]}}'
            yield f"animov/v1/{farm}/tag-{collar}/samples", payload.encode()


def expected(events: Iterable[Event]) -> dict[tuple[str, int], Bits]:
    """Say what evidence the events come to, second by second: by collar and bucket, as 900 characters each.

    A second in which it both stood and lay is one in which it stood.
    """
    seconds: dict[tuple[str, int], list[set[int]]] = {}
    for collar, at, up in events:
        second = at // 1000
        received, standing, lying = seconds.setdefault(
            (f"tag-{collar}", second // 900), [set[int](), set[int](), set[int]()]
        )
        received.add(second % 900)
        (standing if up >= 0.5 else lying).add(second % 900)
    return {
        key: (_written(received), _written(standing), _written(lying - standing))
        for key, (received, standing, lying) in seconds.items()
    }


def windows_of(evidence: Mapping[tuple[str, int], Bits]) -> dict[tuple[str, int], tuple[object, ...]]:
    """Say what windows the evidence of leg tags comes to, each worn by one animal."""
    found: dict[tuple[str, int], tuple[object, ...]] = {}
    for key, (received, standing, lying) in evidence.items():
        known, stood = standing.count("1") + lying.count("1"), standing.count("1")
        ratio = _real(stood / known) if known >= 450 else None
        found[key] = (received.count("1"), known, stood, ratio, standing, lying)
    return found


def stored_evidence(engine: Engine, farm: str) -> dict[tuple[str, int], Bits]:
    """Read the evidence of a farm's leg tags, in the shape of `expected`."""
    query = """SELECT c.name, extract(epoch FROM e.bucket)::bigint / 900, e.received::text, e.standing::text,
      e.lying::text FROM evidence e JOIN collar c ON c.id = e.collar_id JOIN farm f ON f.id = c.farm_id
      WHERE f.name = :farm AND e.method / 1000 = 5 AND e.method % 1000 = c.generation"""
    with engine.connect() as connection:
        rows = connection.execute(text(query), {"farm": farm})
        return {(name, bucket): (received, standing, lying) for name, bucket, received, standing, lying in rows}


def stored_windows(engine: Engine, farm: str) -> dict[tuple[str, int], tuple[object, ...]]:
    """Read a farm's windows, in the shape of `windows_of`."""
    query = """SELECT a.name, extract(epoch FROM w.bucket)::bigint / 900, w.received_s, w.known_s, w.standing_s,
      w.standing_ratio::float8, w.standing::text, w.lying::text
      FROM posture_window w JOIN animal a ON a.id = w.animal_id JOIN farm f ON f.id = a.farm_id
      WHERE f.name = :farm"""
    with engine.connect() as connection:
        return {(row[0], row[1]): tuple(row)[2:] for row in connection.execute(text(query), {"farm": farm})}


def _written(seconds: set[int]) -> str:
    return "".join("1" if second in seconds else "0" for second in range(900))


def _real(value: float) -> float:
    """Round to the single precision in which a ratio is stored."""
    return float(struct.unpack("f", struct.pack("f", value))[0])

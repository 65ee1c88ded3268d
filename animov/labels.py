"""From a file of what people saw animals do to a model that tells posture, judged and in use."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from animov.access import node_engine
from animov.audit import note
from animov.edge import decoder_for
from core.errors import ConflictError
from core.readings import Message
from core.settings import Settings
from core.tabular import TableError, read_table, shown
from core.timeline import from_ms, to_ms
from core.wallclock import TimeError, WallClock, parse_time, zone_named
from ingest.recording import RecordingReader
from storage.animals import behaviour
from storage.engine import clocks
from storage.herds import herd
from stream.calibrating.fitting import Fitted, fit
from stream.calibrating.judging import Scores
from stream.calibrating.labelling import Observed, sessions_of
from stream.calibrating.modelling import figures, use_model
from stream.calibrating.publishing import registry_now
from stream.posture.refused import Refused

COLUMNS: Final = ("animal", "from", "to", "posture")
_STANDS: Final = {"standing": True, "lying": False}
_STRETCHES_A_MINUTE: Final = 6
_FARTHEST: Final = timedelta(days=366)


class Wanted(NamedTuple):
    """What is asked for.

    Attributes:
        file: What was seen.
        farm: Whose animals.
        recording: Where the messages are; `None` for those that are kept raw.
        start: From when on it is used, as written; `None` for as soon as may be.
        history: Whether it is used for the past too.
    """

    file: Path
    farm: str
    recording: Path | None
    start: str | None
    history: bool


class Learned(NamedTuple):
    """What came of it.

    Attributes:
        minutes: Minutes that were observed and told by collars.
        animals: Of how many animals.
        fitted: The model and how it did.
        start: Since when it is used; `None` is since ever.
        collars: How many are read with it.
        read_again: Raw messages that were read again.
    """

    minutes: float
    animals: int
    fitted: Fitted
    start: datetime | None
    collars: int
    read_again: int

    def plain(self) -> dict[str, object]:
        """Return it for programs."""
        return {
            "minutes": self.minutes,
            "animals": self.animals,
            "by_animal": _plain(self.fitted.by_animal),
            "by_day": _plain(self.fitted.by_day),
            "from": self.start.isoformat() if self.start else None,
            "collars": self.collars,
            "read_again": self.read_again,
        }

    def told(self) -> str:
        """Return it for people."""
        since = f"from {self.start:%Y-%m-%d %H:%M} UTC on" if self.start else "since ever"
        return (
            f"fitted to {self.minutes:.0f} minutes of {self.animals} animals\n"
            f"on animals that it never saw: {_sentence(self.fitted.by_animal)}\n"
            f"on days that it never saw: {_sentence(self.fitted.by_day)}\n"
            f"used for {self.collars} collars {since}; {self.read_again:,} messages were read again\n"
        )


def learn_labels(settings: Settings, wanted: Wanted) -> Learned:
    """Fit a model to what was seen, and use it.

    Raises:
        AnimovError: the file can't be understood, an animal is not known, a span has no data, or there is too little.
    """
    make_decoder = partial(decoder_for, settings)
    with node_engine(settings) as engine, ExitStack() as opened:
        with engine.connect() as connection:
            farm_id = herd.find_farm(connection, wanted.farm)
            zone = zone_named(behaviour.basis_of(connection, farm_id).time_zone)
            now = clocks.read(connection).now()
        start = _start(wanted.start, zone, now)
        observed = _apart(list(_observed(wanted.file, zone)), zone)
        packs: Iterator[list[Message]] | None = None
        if wanted.recording is not None:
            reader = opened.enter_context(RecordingReader(wanted.recording))
            packs = ([recorded.message] for recorded in reader)
        decode = make_decoder(registry_now(engine))
        sessions = sessions_of(engine, decode, farm_id, observed, packs=packs, zone=zone)
        fitted = fit(sessions)
        if isinstance(fitted, Refused):
            raise ConflictError(f"too little was seen: {fitted.detail} (six stretches are a minute)")
        used = use_model(engine, settings, make_decoder, farm_id, fitted, start=start, history=wanted.history)
        with engine.begin() as connection:
            told = {"start": start, "history": wanted.history, "animals": len({one.animal for one in sessions})}
            note(connection, farm_id, "posture.labelled", f"farm {wanted.farm}", told)
    minutes = sum(len(one.standing) for one in sessions) / _STRETCHES_A_MINUTE
    return Learned(minutes, len({one.animal for one in sessions}), fitted, *used)


def _start(told: str | None, zone: ZoneInfo, now: datetime) -> datetime | None:
    start = None if told is None else WallClock(zone).instant(parse_time(told))
    if start is not None and start > now + _FARTHEST:
        raise ConflictError(f"{told} is too far ahead: a model is used from within {_FARTHEST.days} days on")
    return start


def _observed(file: Path, zone: ZoneInfo) -> Iterator[Observed]:
    with file.open("rb") as source:
        for line, (animal, first, last, posture) in read_table(source).select(*COLUMNS):
            if posture.casefold() not in _STANDS:
                raise TableError(f"{shown(posture)} is neither standing nor lying", line=line, column="posture")
            clock = WallClock(zone)
            try:
                start, end = (to_ms(clock.instant(parse_time(edge))) for edge in (first, last))
            except TimeError as error:
                raise TableError(str(error), line=line) from None
            if start >= end:
                raise TableError(f"{shown(first)} is not before {shown(last)}", line=line, column="to")
            yield Observed(animal, start, end, _STANDS[posture.casefold()])


def _apart(observed: list[Observed], zone: ZoneInfo) -> list[Observed]:
    """Return spans of which no two of an animal overlap."""
    for one, other in pairwise(sorted(observed, key=lambda seen: (seen.animal, seen.start))):
        if one.animal == other.animal and other.start < one.end:
            starts = (f"{from_ms(seen.start).astimezone(zone):%Y-%m-%d %H:%M:%S}" for seen in (one, other))
            raise ConflictError(f"two spans of {one.animal} overlap, from {' and from '.join(starts)} on")
    return observed


def _plain(scores: Scores | Refused) -> dict[str, object]:
    if isinstance(scores, Refused):
        return {"refused": scores.detail}
    return {name: value if value == value else None for name, value in figures(scores).items()}  # noqa: PLR0124 - no NaN in JSON


def _sentence(scores: Scores | Refused) -> str:
    if isinstance(scores, Refused):
        return f"not told, {scores.detail}"
    return ", ".join(f"{name.replace('_', ' ')} {value:.0%}" for name, value in figures(scores).items())

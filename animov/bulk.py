"""A whole import: collars into service, messages in, and what came of it."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from animov.access import node_access
from animov.accuracy import SeriesAccuracy, look_back
from animov.audit import note
from animov.files import told
from animov.importing import Taken, take_in
from animov.onboarding import Said, Wearer, onboard
from animov.progress import Report, progress_bar
from core.errors import AnimovError, ConflictError
from core.readings import CollarName, Message
from core.settings import Settings
from core.wallclock import zone_named
from ingest.importing import Origin
from ingest.tables import open_table
from storage.engine import clocks
from storage.engine.database import Engine, engine_for
from storage.evidence import rejected
from storage.evidence.arrived import Arrived, arrived, is_worn
from storage.evidence.rejected import Reason
from storage.herds import calibrations, farms, herd
from storage.upkeep.provision import Access

NEW_FARM_ZONE = "Europe/Paris"
"""Time zone of a farm that is yet to be made, the default of its table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Whose data a file holds, as far as the user said.

    Attributes:
        path: The file.
        farm: Farm id.
        zone: IANA name for times without an offset; the farm's own if `None`.
        collar: Collar id; if `None`, the column `id_column` has it in each row.
        animal: Who wears it; if `None`, whoever does, and for a new collar an animal of the collar's name.
        group: The group that the animal belongs to.
        mount: Where the tag sits; if `None`, what is known of it, and for a new one `new_mount`.
        axes: What the three numbers of a sample are; if `None`, what is known, or forward, up, right.
    """

    path: Path
    farm: str
    zone: str | None = None
    collar: str | None = None
    id_column: str = "id"
    animal: str | None = None
    group: str | None = None
    mount: str | None = None
    new_mount: str = "unknown"
    axes: tuple[str, str, str] | None = None


Read = Callable[[Origin, Report], Iterator[Message]]
"""Reads a file as messages; the report is told bytes read, and bytes of the file."""


class Imported(NamedTuple):
    """What came of an import."""

    messages: int
    admitted: int
    collars: int
    reasons: Sequence[Reason]
    animals: Sequence[Arrived]
    accuracy: Sequence[SeriesAccuracy]


def bring_in(settings: Settings, source: Source, read: Read, *, with_backtest: bool) -> Imported:
    """Import a file into the node's database, whether the node is up or not.

    Raises:
        NotFoundError: there is no such file or time zone.
        AnimovError: a line can't be read, or nothing at all was admitted.
    """
    _refuse_unreadable(source)
    with node_access(settings) as access, closing(_Node(access, settings)) as node:
        origin = node.origin_of(source)
        with progress_bar(f"importing {source.path.name}") as report:
            messages = read(origin, report)
            taken = asyncio.run(take_in(access, settings, messages, _Onboarding(node, source).meet))
        return node.outcome(origin, taken, with_backtest=with_backtest)


@dataclass(slots=True)
class _Node:
    """The node that the data go to."""

    access: Access
    settings: Settings
    engine: Engine = field(init=False)

    def __post_init__(self) -> None:
        self.engine = engine_for(self.access.app)

    def close(self) -> None:
        self.engine.dispose()

    def origin_of(self, source: Source) -> Origin:
        with self.engine.connect() as connection:
            zones = {farm.name: farm.time_zone for farm in farms.all_farms(connection)}
            now_ms = clocks.read(connection).now_ms()
        zone = zone_named(source.zone or zones.get(source.farm, NEW_FARM_ZONE))
        return Origin(source.farm, zone, now_ms, source.collar, source.id_column)

    def outcome(self, origin: Origin, taken: Taken, *, with_backtest: bool) -> Imported:
        """Look at what the messages have become."""
        span = taken.span()
        if span is None:
            raise AnimovError("the file holds no data below its header")
        with self.engine.connect() as connection:
            farm_id = herd.find_farm(connection, origin.farm)
            reasons = rejected.reasons(connection, origin.received_at)
            animals = arrived(connection, farm_id, [name.collar for name in taken.extents], *span)
        refused = max(taken.rejected, sum(reason.messages for reason in reasons))
        if refused >= taken.messages:
            raise AnimovError(f"nothing was admitted: {'; '.join(reason.detail for reason in reasons)}")
        with self.engine.begin() as connection:
            counts = {"messages": taken.messages, "refused": refused}
            note(connection, farm_id, "readings.imported", f"{len(animals)} collars", counts)
        accuracy: list[SeriesAccuracy] = []
        if with_backtest:
            with progress_bar("back-test") as report:
                days = self.settings.history_days
                accuracy = look_back(self.engine, farm_id, *span, history_days=days, progress=report)
        return Imported(taken.messages, taken.messages - refused, len(taken.extents), reasons, animals, accuracy)


@dataclass(slots=True)
class _Onboarding:
    """Takes the collars of a file into service, each when its first message comes."""

    node: _Node
    source: Source
    met: list[CollarName] = field(default_factory=list)

    def meet(self, name: CollarName) -> None:
        """Take a collar into service, keeping what is known of it and not said anew."""
        self.met.append(name)
        if self.source.animal is not None and len(self.met) > 1:
            raise ConflictError(f"the file holds {self.met[0].collar} and {name.collar}, and --animal names one animal")
        with self.node.engine.begin() as connection:
            collar_id = herd.ensure_collar(connection, name)
            known = calibrations.published_reading(connection, collar_id) is not None
            worn = is_worn(connection, collar_id)
        said = Said(self.source.mount or (None if known else self.source.new_mount), self.source.axes)
        wearer = self._wearer(name, worn=worn)
        onboard(self.node.engine, self.node.settings, name, said, wearer, with_password=False)

    def _wearer(self, name: CollarName, *, worn: bool) -> Wearer:
        if self.source.animal is None and worn:
            if self.source.group is not None:
                raise ConflictError(f"{name} is worn by somebody already: name the animal with --animal")
            return Wearer()
        return Wearer(self.source.animal or name.collar, self.source.group)


def _refuse_unreadable(source: Source) -> None:
    with told(source.path), open_table(source.path) as table:
        if source.collar is None and not table.has(source.id_column):
            raise AnimovError(
                f"the file has no column {source.id_column!r} of collar ids: say whose it is with --collar, "
                f"or name the column with --id-column; it has {', '.join(table.columns)}"
            )

"""Windows of animals as files, which come by millions: as CSV that the database writes, as columns of Parquet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final

from api.forms.columns import Column
from api.forms.csv_text import cell
from api.forms.lists import Bulk
from api.forms.parquet import Run
from api.forms.spans import Left, LeftOfMany
from api.forms.times import name_of
from core.timeline import bucket_of, bucket_start
from storage.engine.copying import Dialect
from storage.engine.database import Connection
from storage.measurements import window_files
from storage.measurements.window_files import Block, Sought

_NAME: Final = "animal_name"


@dataclass(frozen=True, slots=True)
class OfMany(Bulk[LeftOfMany]):
    """The windows of a farm's animals, or of `only` some of them; times are told in `zone`, none is after `now`."""

    farm_id: int
    only: Sequence[int] | None
    zone: tzinfo
    now: datetime

    def csv(
        self, connection: Connection, where: LeftOfMany, columns: Sequence[Column], dialect: Dialect
    ) -> tuple[bytes, LeftOfMany | None]:
        """Return the rows of the next animals."""
        block = self._next(connection, where)
        if block is None:
            return b"", None
        rows = window_files.csv_of(
            connection,
            block,
            [column.name for column in columns],
            {one.id: cell(one.name, dialect) for one in block.animals},
            dialect=dialect,
            zone=name_of(self.zone),
            now=self.now,
        )
        return rows, _behind(block, where)

    def runs(
        self, connection: Connection, where: LeftOfMany, columns: Sequence[Column]
    ) -> tuple[list[Run], LeftOfMany | None]:
        """Return the columns of the next animals."""
        block = self._next(connection, where)
        if block is None:
            return [], None
        wanted = [column.name for column in columns if column.name != _NAME] or ["bucket"]
        names = {one.id: one.name for one in block.animals}
        found = window_files.arrays_of(connection, block, wanted, self.now)
        runs = [Run(dict(zip(wanted, arrays, strict=True)), {_NAME: names[animal]}) for animal, arrays in found]
        return runs, _behind(block, where)

    def _next(self, connection: Connection, where: LeftOfMany) -> Block | None:
        since = bucket_start(where.next)
        sought = Sought(self.farm_id, where.start, where.end, where.animal, since, self.only)
        animals = window_files.heard(connection, sought, window_files.MOST_ANIMALS)
        if not animals:
            return None
        is_begun = animals[0].id == where.animal and since > where.start
        return window_files.block(animals[:1] if is_begun else animals, where.end, self.now)


@dataclass(frozen=True, slots=True)
class OfOne(Bulk[Left]):
    """The windows of one animal."""

    animal: int
    many: OfMany

    def csv(
        self, connection: Connection, where: Left, columns: Sequence[Column], dialect: Dialect
    ) -> tuple[bytes, Left | None]:
        """Return the next rows."""
        rows, following = self.many.csv(connection, self._of_many(where), columns, dialect)
        return rows, self._of_one(following, where)

    def runs(self, connection: Connection, where: Left, columns: Sequence[Column]) -> tuple[list[Run], Left | None]:
        """Return the next columns."""
        runs, following = self.many.runs(connection, self._of_many(where), columns)
        return runs, self._of_one(following, where)

    def _of_many(self, where: Left) -> LeftOfMany:
        return LeftOfMany(first=where.first, last=where.last, animal=self.animal, next=where.first)

    def _of_one(self, following: LeftOfMany | None, where: Left) -> Left | None:
        if following is None or following.animal != self.animal:
            return None
        return where.model_copy(update={"first": following.next})


def _behind(block: Block, where: LeftOfMany) -> LeftOfMany:
    """Return what is left behind a block: the rest of its one animal, or the animals behind it."""
    if block.end < where.end:
        return where.model_copy(update={"animal": block.animals[-1].id, "next": bucket_of(block.end)})
    return where.model_copy(update={"animal": block.animals[-1].id + 1, "next": where.first})

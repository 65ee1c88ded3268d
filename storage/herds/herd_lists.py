"""A list of a herd taken over: what is missing is made, what is said otherwise is corrected."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from core.herd_lists import Line, spans
from core.names import folded, looks_of
from storage.herds import herd, herd_names
from storage.herds.herd import During
from storage.herds.herd_names import Kind


class Taken(NamedTuple):
    """What a line changed; nothing if it says what was known.

    Attributes:
        line: The line.
        made: What was missing and is made.
        assigned: Whether who wears the collar was said otherwise before.
        moved: Whether the group of the animal was.
    """

    line: Line
    made: tuple[Kind, ...]
    assigned: bool
    moved: bool


def take(connection: Connection, farm_id: int, lines: Sequence[Line]) -> list[Taken]:
    """Take a list over, in the order of its times; return what each line changed, in the order of the file.

    A line holds until another one says otherwise of its collar or its animal; who is not in the list stays as they are.

    Raises:
        NameRefusedError: a name can't be used.
    """
    herd.lock_farm(connection, farm_id)
    names = _Names(connection, farm_id)
    taken = []
    for line, ends in spans(lines):
        made: list[Kind] = []
        animal = names.ensure("animal", line.name, made)
        assigned = moved = False
        if line.collar is not None:
            collar, during = names.ensure("collar", line.collar, made), During(line.start, ends.collar_until)
            assigned = not herd.wears(connection, collar, animal, during)
            herd.assign(connection, collar, animal, during)
        if line.group is not None:
            group, during = names.ensure("group", line.group, made), During(line.start, ends.group_until)
            moved = not herd.belongs(connection, animal, group, during)
            herd.move(connection, animal, group, during)
        taken.append(Taken(line, tuple(made), assigned, moved))
    return sorted(taken, key=lambda one: one.line.number)


class _Names:
    """The ids of a farm's animals, groups and collars by name; what is missing is made."""

    def __init__(self, connection: Connection, farm_id: int) -> None:
        kinds: tuple[Kind, ...] = ("animal", "group", "collar")
        self._connection, self._farm_id = connection, farm_id
        self._ids = {kind: herd_names.names_of(connection, farm_id, kind) for kind in kinds}
        self._looks = {kind: looks_of(ids) for kind, ids in self._ids.items()}

    def ensure(self, kind: Kind, name: str, made: list[Kind]) -> int:
        known = self._ids[kind]
        if name not in known:
            known[name] = herd_names.create(self._connection, self._farm_id, kind, name, self._looks[kind])
            self._looks[kind][folded(name)] = name
            made.append(kind)
        return known[name]

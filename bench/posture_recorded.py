"""Labelled recordings: a folder of CSVs of any layout, told by options, read animal by animal."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.posture_scores import LYING, STANDING, UNKNOWN, Integers, Postures
from core.errors import AnimovError

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES: Final = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz")
GAP_MS: Final = 2000
"""Milliseconds without a sample after which a new message begins."""
G_PER_UNIT: Final = {"g": 1.0, "mg": 0.001, "m/s2": 1 / 9.80665}


class LayoutError(AnimovError):
    """A folder of recordings that can't be read as its options say."""


class Layout(NamedTuple):
    """How recordings are written.

    Attributes:
        time: Column of times: ISO 8601 (UTC where no offset is told), or a number, seconds or milliseconds since 1970;
            `None` where there is none and `hz` counts.
        xyz: Columns of acceleration.
        animal: Column of the animal; `None`: the file's name tells.
        label: Column of the behaviour; `None`: the file's name tells, or nothing does.
        name: Regular expression with the groups `animal` and `label`, sought in a file's path below the folder.
        standing: Labels of animals that stand.
        lying: Labels of animals that lie.
        unit: Of acceleration: `g`, `mg` or `m/s2`.
        hz: Samples a second, where there is no time.
    """

    time: str | None = "time"
    xyz: tuple[str, str, str] = ("x", "y", "z")
    animal: str | None = "animal"
    label: str | None = "label"
    name: str | None = None
    standing: tuple[str, ...] = ("standing",)
    lying: tuple[str, ...] = ("lying",)
    unit: str = "g"
    hz: float | None = None


def layout_of(
    *,
    time: str,
    xyz: str,
    animal: str,
    label: str,
    name: str | None,
    standing: str,
    lying: str,
    unit: str,
    hz: float | None,
) -> Layout:
    """Read a layout as a person writes it: words by commas, nothing for what there is not.

    Raises:
        LayoutError: it is none.
    """
    columns, labels = _words(xyz), (_words(standing), _words(lying))
    if len(columns) != 3:
        raise LayoutError(f"acceleration has three columns, not {len(columns)}: {xyz}")
    if unit not in G_PER_UNIT:
        raise LayoutError(f"acceleration is told in {', '.join(G_PER_UNIT)}, not in {unit}")
    if set(labels[0]) & set(labels[1]):
        raise LayoutError("a label that stands can't lie too")
    if name is not None:
        _compiled(name)
    told = (columns[0], columns[1], columns[2])
    return Layout(time or None, told, animal or None, label or None, name, *labels, unit, hz)


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _compiled(name: str) -> re.Pattern[str]:
    try:
        return re.compile(name)
    except re.error as error:
        raise LayoutError(f"{name} is no regular expression: {error}") from error


class Recorded(NamedTuple):
    """All samples of one animal.

    Attributes:
        animal: Its name.
        times: Milliseconds since 1970, not falling within a message, shape (m,).
        xyz: g, shape (m, 3).
        postures: 1 standing, 0 lying, -1 not observed, shape (m,).
        firsts: Index of each message's first sample: a file's, or the first after a gap.
        labels: As they were written, shape (m,).
    """

    animal: str
    times: Integers
    xyz: NDArray[np.float64]
    postures: Postures
    firsts: list[int]
    labels: NDArray[np.str_]


def read(folder: Path, layout: Layout) -> list[Recorded]:
    """Read every file below a folder, whatever its depth.

    Raises:
        LayoutError: there is no file, one has not what the layout says, or a label of the layout is in none.
    """
    files = sorted(path for path in folder.rglob("*") if path.name.endswith(SUFFIXES))
    if not files:
        raise LayoutError(f"{folder} holds no file that ends with {', '.join(SUFFIXES)}")
    parts: dict[str, list[Recorded]] = {}
    for path in files:
        for part in _read_file(path, folder, layout):
            parts.setdefault(part.animal, []).append(part)
    found = [_joined(animal, of, timed=layout.time is not None) for animal, of in sorted(parts.items())]
    _check_labels(found, layout)
    return found


def _check_labels(found: Sequence[Recorded], layout: Layout) -> None:
    """Refuse a label that nobody wrote: a word spelled otherwise would count as not observed."""
    written = {label for one in found for label in np.unique(one.labels).tolist()} - {""}
    if not written:
        return
    for label in (*layout.standing, *layout.lying):
        if label not in written:
            raise LayoutError(f"nothing is labelled {label}; the labels are {', '.join(sorted(written))}")


def _read_file(path: Path, folder: Path, layout: Layout) -> Iterator[Recorded]:
    import pandas as pd  # noqa: PLC0415 - slow to import, and only this bench reads tables

    relative = path.relative_to(folder).as_posix()
    named = _named(relative, layout)
    wanted = [column for column in (layout.time, *layout.xyz, layout.animal, layout.label) if column]
    wanted = [column for column in wanted if not (column in {layout.animal, layout.label} and named.get(column))]
    try:
        table = pd.read_csv(path, sep="\t" if ".tsv" in path.name else ",", usecols=wanted)
    except (OSError, EOFError, ValueError) as error:
        raise LayoutError(f"{relative} can't be read with the columns {', '.join(wanted)}: {error}") from error
    if table.empty:
        raise LayoutError(f"{relative} holds no row")
    _check_numbers(table, layout, relative)
    groups = (
        table.groupby(layout.animal, sort=True) if layout.animal in table else [(named.get("animal", path.name), table)]
    )
    for animal, rows in groups:
        yield _of_animal(str(animal), rows, layout, named.get("label"), relative)


def _check_numbers(table: "pd.DataFrame", layout: Layout, file: str) -> None:
    """Refuse a row without acceleration, time or animal: what a gap means can't be guessed."""
    import pandas as pd  # noqa: PLC0415 - as above

    for column in layout.xyz:
        numbers = pd.to_numeric(table[column], errors="coerce").to_numpy(dtype=np.float64)
        _refuse(~np.isfinite(numbers), file, f"{column} is no number")
    for name in (layout.time, layout.animal):
        if name in table:
            _refuse(table[name].isna().to_numpy(), file, f"{name} is empty")


def _refuse(wrong: NDArray[np.bool_], file: str, why: str) -> None:
    """Name the first row that is wrong, counted as an editor does, with the line of the columns' names."""
    if wrong.any():
        raise LayoutError(f"{file}, line {int(np.argmax(wrong)) + 2}: {why}")


def _named(relative: str, layout: Layout) -> dict[str, str]:
    """Return what a file's path tells."""
    if layout.name is None:
        return {}
    found = _compiled(layout.name).search(relative)
    if found is None:
        raise LayoutError(f"{relative} has not the form {layout.name}")
    return {key: value for key, value in found.groupdict().items() if value}


def _of_animal(animal: str, rows: "pd.DataFrame", layout: Layout, label: str | None, file: str) -> Recorded:
    times = _times(rows, layout)
    falls = np.flatnonzero(np.diff(times) < 0)
    if len(falls):
        raise LayoutError(f"{file}, line {rows.index[falls[0] + 1] + 2}: the time falls; {animal} needs rows in order")
    whole = rows[layout.label].fillna("").astype(str) if layout.label in rows else np.full(len(rows), label or "")
    labels = np.asarray(whole, dtype=np.str_)
    postures = np.select([np.isin(labels, layout.standing), np.isin(labels, layout.lying)], [STANDING, LYING], UNKNOWN)
    xyz = rows[list(layout.xyz)].to_numpy(dtype=np.float64) * G_PER_UNIT[layout.unit]
    firsts = [0, *(np.flatnonzero(np.diff(times) > GAP_MS) + 1).tolist()]
    return Recorded(animal, times, xyz, postures.astype(np.int8), firsts, labels)


def _times(rows: "pd.DataFrame", layout: Layout) -> Integers:
    import pandas as pd  # noqa: PLC0415 - as above

    if layout.time is None:
        if not layout.hz:
            raise LayoutError("without a column of times the samples a second must be told")
        return np.asarray(np.rint(np.arange(len(rows)) * (1000 / layout.hz)), dtype=np.int64)
    column = rows[layout.time]
    if pd.api.types.is_numeric_dtype(column):
        numbers = column.to_numpy(dtype=np.float64)
        milliseconds = numbers if np.abs(numbers).max() > 1e11 else 1000 * numbers
        return np.asarray(np.rint(milliseconds), dtype=np.int64)
    try:
        moments = pd.to_datetime(column, utc=True, format="ISO8601")
    except ValueError as error:
        raise LayoutError(f"{layout.time} is no time in ISO 8601: {error}") from error
    return np.asarray(moments.dt.as_unit("ms").astype("int64"), dtype=np.int64)


def _joined(animal: str, parts: Sequence[Recorded], *, timed: bool) -> Recorded:
    """Join what files tell of one animal: by their times, or one after another where there are none."""
    parts = sorted(parts, key=lambda one: int(one.times[0])) if timed else list(_spaced(parts))
    if any(after.times[0] < one.times[-1] for one, after in pairwise(parts)):
        raise LayoutError(f"{animal} is in two files at the same time")
    before = np.cumsum([0, *(len(part.times) for part in parts)]).tolist()
    return Recorded(
        animal,
        np.concatenate([part.times for part in parts]),
        np.concatenate([part.xyz for part in parts]),
        np.concatenate([part.postures for part in parts]),
        [offset + first for offset, part in zip(before, parts, strict=False) for first in part.firsts],
        np.concatenate([part.labels for part in parts]),
    )


def _spaced(parts: Iterable[Recorded]) -> Iterator[Recorded]:
    start = 0
    for part in parts:
        yield part._replace(times=part.times + start)
        start += int(part.times[-1]) + 2 * GAP_MS

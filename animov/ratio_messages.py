"""A series of ratios as the messages of a collar that counts seconds, so that it takes the way of all data."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from core.ratios import DATE, RATIO, Ratio, Unit, ratios_of
from core.readings import CollarName, Message
from core.tabular import Row, TableError
from core.timeline import EPOCH, to_ms
from forecast.life.ratio_file import step_of
from ingest.decoding import sums_payload, topic_of
from ingest.importing import Origin
from ingest.tables import Progress, open_table


class _Line(NamedTuple):
    number: int
    ratio: Ratio


def ratio_messages(
    path: Path, origin: Origin, *, unit: Unit, columns: tuple[str, str] = (DATE, RATIO), progress: Progress
) -> Iterator[Message]:
    """Read a table of dates and ratios and yield a `sums` message of `origin.collar` for each step that has a ratio.

    A ratio becomes the nearest whole number of seconds standing; the rest of the step is lying.

    Raises:
        TableError: a cell can't be read or is out of range, or dates are not whole steps apart.
        SeriesError: there are fewer than two dates, or their usual step does not divide a day.
    """
    with open_table(path, progress) as table:
        lines = list(_numbered(table.select(*columns), origin, unit))
    step = step_of([line.ratio.start for line in lines])
    _refuse_irregular(lines, step, columns[0])
    topic = topic_of(CollarName(origin.farm, origin.collar or ""), "posture")
    for _, (start, ratio) in lines:
        if ratio is not None:
            seconds = step // timedelta(seconds=1)
            standing_s = round(seconds * ratio)
            payload = sums_payload(to_ms(start), to_ms(start + step), standing_s, seconds - standing_s)
            yield Message(topic, origin.received_at, payload)


def _numbered(rows: Iterable[Row], origin: Origin, unit: Unit) -> Iterator[_Line]:
    passed: list[int] = []

    def noted() -> Iterator[Row]:
        for row in rows:
            passed[:] = [row.line]
            yield row

    for ratio in ratios_of(noted(), zone=origin.zone, unit=unit):
        yield _Line(passed[0], ratio)


def _refuse_irregular(lines: list[_Line], step: timedelta, column: str) -> None:
    """Refuse dates off the grid that most dates lie on; dates that are missing are gaps."""
    phases = Counter((line.ratio.start - EPOCH) % step for line in lines)
    grid = max(phases, key=lambda phase: phases[phase])
    for number, ratio in lines:
        if (ratio.start - EPOCH) % step != grid:
            raise TableError(
                f"{ratio.start:%Y-%m-%d %H:%M:%S} UTC is no whole number of steps of {step} from the other dates",
                line=number,
                column=column,
            )

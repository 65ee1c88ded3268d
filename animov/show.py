"""What the demo puts on the screen: progress, addresses, and the table that lives."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from io import StringIO
from pathlib import Path

from rich.console import Console, RenderableType
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from animov import demo
from animov.demo import Demo
from animov.live import live_table
from animov.node import ready_line
from core.settings import Settings

PICTURE_COLUMNS = 84
REFRESH_S = 1.0
REPORT_S = 15.0
"""Seconds between two tables, or two lines before them, where standard error is no terminal."""


def show(settings: Settings, ending: threading.Event, picture: Path | None) -> None:
    """Run the demo on the screen until told to end.

    Args:
        settings: Where its node lives.
        ending: Set when the user has had enough.
        picture: Where to keep an SVG picture of the table as it last was.
    """
    console = Console(stderr=True, width=None if sys.stderr.isatty() else PICTURE_COLUMNS)
    console.print(f"[bold]AniMOV demo[/bold], data in {settings.data_dir}; a first start takes a minute or two")
    with _bars(console) as progress, demo.living(settings, ending, progress.report) as living:
        progress.finish()
        console.print(_where(living))
        sys.stdout.write(ready_line(living.node, settings) + "\n")
        sys.stdout.flush()
        _watch(console, living, ending, picture)
        console.print("\nEnding in order ...")


def _where(living: Demo) -> str:
    return (
        f"\n  page   {living.node.api}/"
        f"\n  API    {living.node.api}/v1     described at {living.node.api}/docs"
        f"\n  login  user [bold]demo[/bold], password [bold]{living.password}[/bold]"
        f"\n  MQTT   {living.node.mqtt}"
        "\n  Something is wrong in this herd: the page tells who, since when, and why it says so."
        "\n  Ctrl-C ends everything in order; the next start takes up here.\n"
    )


def _watch(console: Console, living: Demo, ending: threading.Event, picture: Path | None) -> None:
    with Live(console=console, auto_refresh=False) if console.is_terminal else nullcontext() as live:
        while not ending.wait(REFRESH_S if live else REPORT_S):
            table = live_table(living)
            if live:
                live.update(table, refresh=True)
            else:
                console.print(table)
            if picture:
                _draw(table, picture)


def _draw(table: RenderableType, picture: Path) -> None:
    paper = Console(record=True, width=PICTURE_COLUMNS, file=StringIO())
    paper.print(table)
    paper.save_svg(str(picture), title="animov demo")


class _Bars:
    """One bar for each thing that is prepared; a line now and then where there is no terminal to draw on."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}
        self._said = time.monotonic()

    def report(self, what: str, done: int, of: int) -> None:
        """Move the bar of something, beginning it if it is new."""
        if what not in self._tasks:
            self._progress.start()
            self._tasks[what] = self._progress.add_task(what, total=of)
        self._progress.update(self._tasks[what], completed=done, total=of)
        if not self._progress.console.is_terminal and time.monotonic() - self._said > REPORT_S:
            self._said = time.monotonic()
            self._progress.console.print(f"{what}: {done} of {of}")

    def finish(self) -> None:
        """Leave the bars as they are."""
        self._progress.stop()


@contextmanager
def _bars(console: Console) -> Iterator[_Bars]:
    columns = (TextColumn("{task.description:<20}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    bars = _Bars(Progress(*columns, console=console))
    try:
        yield bars
    finally:
        bars.finish()

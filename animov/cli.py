"""`animov`: one command line for the whole node.

Exit codes: 0 done, 1 refused or failed with one clear line on standard error, 2 wrong usage.
"""

import os
import sys
from collections.abc import Iterator

import typer

from animov.commands import (
    alerts,
    animals,
    benches,
    data,
    database,
    farms,
    herd,
    keys,
    messages,
    models,
    node,
    people,
    posture,
    registry,
    rejected,
    selections,
    states,
    swaps,
    trainings,
)
from core.errors import AnimovError

_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Our matrices are small: with more threads the same sums cost twice the processor. Read when NumPy is loaded."""

app = typer.Typer(
    name="animov",
    help="From a goat collar's MQTT message to a 48-hour forecast of the share of time standing.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
node.add_to(app)
herd.add_to(app)
messages.add_to(app)
models.add_to(app)
trainings.add_to(app)
trainings.add_to_models(registry.app)
selections.add_to(registry.app)
swaps.add_to(animals.app)
states.add_to(animals.app)
app.add_typer(people.app, name="user")
app.add_typer(keys.app, name="key")
app.add_typer(farms.app, name="farm")
app.add_typer(data.app, name="import")
app.add_typer(alerts.app, name="alerts")
app.add_typer(animals.app, name="animals")
app.add_typer(posture.app, name="posture")
app.add_typer(rejected.app, name="rejected")
app.add_typer(registry.app, name="models")
app.add_typer(database.app, name="db")
app.add_typer(benches.app, name="bench")


def main() -> None:
    """Run the command line; what AniMOV refuses is told in one line."""
    for name in _ONE_THREAD:
        os.environ.setdefault(name, "1")
    refusals: list[str] = []
    try:
        app()
    except* AnimovError as refused:  # also what a group of tasks wraps around it
        refusals = list(_sentences(refused))
    if refusals:
        sys.stderr.write("".join(f"animov: {sentence}\n" for sentence in refusals))
        sys.exit(1)


def _sentences(refused: BaseExceptionGroup[AnimovError]) -> Iterator[str]:
    for error in refused.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _sentences(error)
        else:
            yield str(error)

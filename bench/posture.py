"""How well posture is told from collars: simulated ones, and any folder of labelled recordings."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench.machine import machine
from bench.posture_judging import judged
from bench.posture_legs import legs
from bench.posture_recorded import Layout, LayoutError, read
from bench.posture_rivals import PUBLISHED
from bench.posture_simulated import FOREST_SEED
from bench.posture_simulated import run as run_simulated
from bench.posture_speed import classified_per_s
from bench.posture_wearers import Axes
from ingest.simulation.settings import Mount


def run(
    *,
    seeds: Sequence[int],
    goats: int,
    mount: Mount,
    recordings: Path | None,
    layout: Layout,
    axes: Axes,
    species: str,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Measure everything that is asked for.

    Args:
        seeds: Of the simulated herds; none: no simulation.
        goats: Of each simulated herd.
        mount: Where the tags sit, simulated and recorded.
        recordings: Folder of labelled recordings.
        layout: How these are written.
        axes: What the columns of acceleration are: `fwd`, `up`, `right`, with `-` where they point the other way.
        species: Of the recorded animals, for the shortest bout.
        progress: Called with animals done and known of, of the simulation.

    Raises:
        LayoutError: recordings are not as the layout says, or of one animal only where others are to be learned from.
    """
    began = time.process_time()
    recorded = read(recordings, layout) if recordings else []
    if len(recorded) == 1 and mount != "leg":
        raise LayoutError(f"each animal is judged by the others, and {recorded[0].animal} is the only one")
    found: dict[str, Any] = {"machine": machine("numpy", "scikit-learn"), "samples_per_cpu_s": classified_per_s(1)}
    if seeds and mount != "leg":
        found["simulated"] = run_simulated(seeds, goats, mount, progress)
    if recordings:
        found["recorded"] = (
            {"folder": recordings.name, "legs": legs(recorded, axes, species)}
            if mount == "leg"
            else {"folder": recordings.name, "seed": FOREST_SEED, **judged(recorded, axes, FOREST_SEED)}
        )
    if mount != "leg":
        found["published"] = PUBLISHED
    return found | {"cpu_s": round(time.process_time() - began, 1)}

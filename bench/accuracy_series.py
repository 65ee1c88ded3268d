"""What the accuracy of forecasts is measured on: simulated herds, real recordings, anybody's file."""

import csv
import gzip
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Final, Literal
from zoneinfo import ZoneInfo

import numpy as np

from core.errors import NotFoundError
from core.timeline import BUCKET, EPOCH
from forecast.choosing.backtest import rolling_origins
from forecast.inputs import Floats, History, history_of
from forecast.life.ratio_file import read_ratio_csv, read_ratio_table
from forecast.regressors.design import NO_COLUMNS, Site
from forecast.regressors.events import DailyEvent
from forecast.specification import DAY, HORIZON, Specification
from ingest.simulation.herd import Herd
from ingest.simulation.settings import Group, HerdSettings
from ingest.simulation.truth import standing_seconds

SIZES: Final = (3, 8, 20, 40)
"""Goats of the groups of a simulated herd."""

FIRST_DAYS: Final = (date(2025, 2, 20), date(2025, 6, 20), date(2025, 10, 5))
"""Herds take turns: spring and autumn, with a change of the clocks among the days that are forecast, and heat."""

WARM_DAYS: Final = 37
"""Before the first origin: three weeks to fit, and a fortnight and two days to calibrate."""

DAYS: Final = WARM_DAYS + 16
TUNED_WITH: Final = "2001-2012"
"""Seeds of the herds that the design was tried on; the simulation's settings are older and were not touched."""

EVERY: Final = 37
MOST_DAYS: Final = 100
"""Of a long recording that are forecast, the last ones."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Series of one grid that are forecast together.

    Attributes:
        name: What they are.
        table: Whose table they belong to.
        histories: Whole series.
        specification: The model.
        site: Clock, place and daily events.
        columns: Regressors over the whole series and the horizon.
        origins: Slots before each origin, evenly spaced.
    """

    name: str
    table: Literal["simulated", "real"]
    histories: Sequence[History]
    specification: Specification
    site: Site
    columns: Mapping[str, Floats]
    origins: Sequence[int]


def simulated(herds: int, seed: int) -> Iterator[Batch]:
    """Yield herds of seeds `seed`, `seed + 1` and so on, those of one season at once.

    Settings are the simulation's defaults, which tell their sources; its routines are the farm's events, and come half
    an hour later for each further group, which the model is not told. Every message arrives.
    """
    settings = [
        HerdSettings(seed=seed + herd, groups=tuple(Group(f"of {size}", size, "leg") for size in SIZES))
        for herd in range(herds)
    ]
    for place, first in enumerate(FIRST_DAYS[:herds]):
        of = settings[place :: len(FIRST_DAYS)]
        start = datetime.combine(first, time(), UTC)
        histories = [History(start, BUCKET, _standing(Herd(one), group, start)) for one in of for group in one.groups]
        site = _site(of[0])
        regressors = ("solar_elevation", *sorted({event.name for event in site.events}))
        origins = range(WARM_DAYS * 96, (DAYS * 96) - HORIZON + 1, EVERY)
        yield Batch(
            f"{len(of)} herds from {first}",
            "simulated",
            histories,
            Specification(regressors=regressors),
            site,
            NO_COLUMNS,
            origins,
        )


def recorded(folder: Path) -> Iterator[Batch]:
    """Yield the recordings of a folder that are long enough: a cow's leg logger, and demand for electricity.

    The demand is no animal's, but long, strongly seasonal, without bounds, and with a regressor of its own: the
    temperature, as it came to be, as if its forecast were perfect.

    Raises:
        NotFoundError: one of them is not there.
    """
    cow, demand = folder / "leg_posture_minutes_1cow.csv.gz", folder / "electricity_victoria_30min.csv.gz"
    for path in (cow, demand):
        if not path.exists():
            raise NotFoundError("file", path)
    yield of_history("cow, leg logger", _cow(cow), Site("Europe/Paris"))
    table = read_ratio_table(demand, unit="any", date="Time", value="Demand", regressors=("Temperature",))
    kept = (MOST_DAYS + WARM_DAYS) * DAY
    history = table.history.last(kept)
    temperature = table.columns["Temperature"][len(table.history) - len(history) :][: len(history)]
    yield of_history(
        "electricity, 30 min",
        history,
        Site("Australia/Melbourne"),
        columns={"Temperature": np.append(temperature, np.full(HORIZON, np.nan))},
        bounds=None,
    )


def of_file(path: Path, zone: str) -> Batch:
    """Return the series of a CSV file of `date, ratio_debout`."""
    return of_history(path.name, read_ratio_csv(path, zone=zone), Site(zone))


def of_history(
    name: str,
    history: History,
    site: Site,
    *,
    columns: Mapping[str, Floats] = NO_COLUMNS,
    bounds: tuple[float, float] | None = (0.0, 1.0),
) -> Batch:
    """Return a real series with the origins of a back-test, or those of its last days where it is long."""
    day = DAY // history.step
    harmonics = min(6, day // 2)
    wanted = Specification(step=history.step, harmonics=harmonics, regressors=tuple(columns), bounds=bounds)
    origins: Sequence[int] = rolling_origins(len(history), day)
    if len(history) >= (WARM_DAYS + MOST_DAYS) * day:
        origins = range(WARM_DAYS * day, len(history) - HORIZON + 1, EVERY)
    return Batch(name, "real", [history], wanted, site, columns, origins)


def _standing(herd: Herd, group: Group, start: datetime) -> Floats:
    """Return the share of its time that a group stands in each slot."""
    first = (start - EPOCH) // timedelta(seconds=1)
    found = [standing_seconds(herd, goat, first, first + DAYS * 86_400) for goat in herd.members(group.name)]
    share: Floats = np.array(found).mean(axis=0) / 900
    return share


def _site(settings: HerdSettings) -> Site:
    names = ("milking", "milking", "feeding", "feeding")
    events = tuple(
        DailyEvent(name, routine.at, timedelta(minutes=routine.minutes))
        for name, routine in zip(names, settings.routines, strict=True)
    )
    return Site(settings.time_zone, settings.latitude, settings.longitude, events)


def _cow(path: Path) -> History:
    """Return the share of time standing in each quarter of an hour of which half is known."""
    seconds: dict[datetime, list[int]] = {}
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            at = datetime.fromisoformat(row["local_time"]).replace(tzinfo=ZoneInfo("Europe/Paris"))
            slot = EPOCH + (at - EPOCH) // BUCKET * BUCKET
            known = seconds.setdefault(slot, [0, 0])
            known[0] += int(row["standing_s"])
            known[1] += int(row["lying_s"])
    points = [(slot, stood / (stood + lay)) for slot, (stood, lay) in seconds.items() if stood + lay >= 450]
    return history_of(points, step=BUCKET, start=min(seconds), end=max(seconds) + BUCKET)

"""What `animov bench alarms` prints for people."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Final

AIM: Final = "aim: all signs together found in 90 % of cases within 36 h at 1 false alarm"

_NAMES: Final = {
    "signs": "signs, own habit",
    "fixed": "fixed limit, h standing",
    "cusum": "CUSUM, h standing",
}


def told(found: Mapping[str, Any]) -> str:
    """Write what was measured for people."""
    parts = _detection(found), _conditions(found), _long(found["long_postures"]), _table(found["table"])
    return "\n".join(chain(_setting(found), *parts)) + "\n"


def _setting(found: Mapping[str, Any]) -> Iterator[str]:
    on = found["machine"]
    libraries = ", ".join(f"{name} {version}" for name, version in on["libraries"].items())
    yield f"{on['system']}, {on['processors']} x {on['processor']}, load {on['load']}"
    yield f"Python {on['python']}, {libraries}; {found['cpu_s']} CPU seconds"
    yield (
        f"herds of {found['animals']} goats, the simulation's defaults; seeds {found['seeds']},"
        f" {found['animal_weeks']} animal-weeks; levels set on seeds {found['tuned_on']}"
    )
    spread = {name: f"{min(values):.1f}-{max(values):.1f}" for name, values in found["healthy"].items()}
    yield (
        f"healthy goats, by herd: SD from day to day {spread['day_sd_h']} h (measured on cows: 1.4-2.2),"
        f" {spread['lying_bouts']} lying bouts (goats: 22-33), {spread['standing_h']} h standing"
    )


def _long(found: Mapping[str, Any]) -> Iterator[str]:
    yield ""
    yield (
        f"healthy goats in one posture for too long, per 100 animals and week: lying {found['lying_long']:.2f},"
        f" motionless {found['motionless']:.2f} ({found['animal_weeks']:,} animal-weeks); longest bout lying"
        f" {found['longest_lying_h']:.1f} h, standing {found['longest_standing_h']:.1f} h"
    )


def _detection(found: Mapping[str, Any]) -> Iterator[str]:
    rows = [*found["judged"], *({**row, "score": "shipped"} for row in found["shipped"])]
    hours = [str(hour) for hour in next(iter(rows[0]["signs"].values()))["within"]]
    yield ""
    yield f"median hours from the onset, and % found within {', '.join(hours)} h; {AIM}"
    yield f"{'allowed':>7}  {'score':<24}{'false alarms':>13}" + "".join(f"{sign:>28}" for sign in rows[0]["signs"])
    for row in rows:
        name = _NAMES.get(row["score"], "signs, levels as shipped")
        figures = "".join(f"{_found(one):>28}" for one in row["signs"].values())
        yield f"{row['allowed']:>7}  {name:<24}{row['false_alarms']:>13.2f}{figures}"
    yield "(false alarms per 100 animals and week, as they came on the reported herds; onsets at random hours)"


def _conditions(found: Mapping[str, Any]) -> Iterator[str]:
    yield ""
    yield "all signs together at 1 false alarm allowed, by what else happens within 36 h"
    yield f"{'':<14}{'cases':>7}{'median, % within':>28}{'animal-weeks':>14}{'false alarms':>14}"
    for name, one in found["conditions"].items():
        yield (
            f"{name:<14}{one['cases']:>7}{_found(one):>28}{one['animal_weeks']:>14,.0f}"
            f"{_number(one['false_alarms'], 2):>14}"
        )


def _table(table: Mapping[str, Any]) -> Iterator[str]:
    yield ""
    yield "what stream/behaviour is set by, as the herds give it on which levels are set"
    yield "false alarms allowed " + "".join(f"{row['allowed']:>8}" for row in table["levels"])
    yield "level, found         " + "".join(f"{row['level']:>8.2f}" for row in table["levels"])
    yield "level, as shipped    " + "".join(f"{row['shipped']:>8.2f}" for row in table["levels"])
    yield f"SD of days {table['sd']}; SD of signs {table['spread']}; correlation {table['correlation']}"
    yield f"95 % of the days of habits score below {table['high']}; factors of herds {_range(table['factors'])}"


def _found(one: Mapping[str, Any]) -> str:
    shares = " ".join(_number(None if share is None else 100 * share, 0).rjust(3) for share in one["within"].values())
    return f"{_number(one['median_h'], 1):>6}  {shares}"


def _number(number: float | None, digits: int) -> str:
    return "-" if number is None else f"{number:.{digits}f}"


def _range(values: Sequence[float]) -> str:
    return f"{min(values):.2f} to {max(values):.2f}"

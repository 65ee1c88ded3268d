"""How well illness is told from standing and lying: false alarms of healthy herds against the delay of ill goats.

Levels are set on herds of other seeds than those that are reported. Posture is taken as it is: how well a collar tells
it is measured by the bench of posture.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from bench.alarms_herds import Simulated, simulated
from bench.alarms_judging import (
    CONDITIONS,
    WITHIN_H,
    Case,
    alarms,
    cases_of,
    delays,
    healthy_scores,
    levels_of,
    near_events,
    rate,
)
from bench.alarms_long import added, long_postures
from bench.alarms_scores import SCORES, off
from bench.alarms_signs import SIGNS
from bench.machine import machine
from ingest.simulation.figures import figures
from stream.behaviour.habit import HABIT_DAYS, Floats
from stream.behaviour.levels import ALLOWED, factor_of, levels_for
from stream.behaviour.score import SIGNS as COUNTED
from stream.behaviour.score import TOWARDS, score_of, signs_of

JUDGED_AT: Final = (0.5, 1.0, 2.0)
"""False alarms per 100 animals and week."""

_FIGURE_DAYS: Final = 28
_HIGH: Final = 0.95
Progress = Callable[[int, int], None]


def run(
    *, seeds: Sequence[int], tuning: Sequence[int], animals: int, progress: Progress | None = None
) -> dict[str, Any]:
    """Measure levels on some herds, and false alarms and detection on others.

    Args:
        seeds: Of the herds that are reported.
        tuning: Of the herds on which levels are set; other ones.
        animals: Of each of the three groups of a herd.
        progress: Called with herds done and known of.
    """
    began = time.process_time()
    told = progress or (lambda _done, _of: None)
    tuned, statistics = [], []
    for done, seed in enumerate(tuning, start=1):
        herd = simulated(seed, animals)
        tuned.append(healthy_scores(herd))
        statistics.append(_statistics(herd))
        told(done, len(tuning) + len(seeds))
    judged, cases, near, known, kept = [], [], [], [], []
    for done, seed in enumerate(seeds, start=len(tuning) + 1):
        herd = simulated(seed, animals)
        judged.append(healthy_scores(herd))
        near.append(near_events(herd))
        cases += list(cases_of(herd))
        known.append(_known(herd))
        kept.append(long_postures(herd))
        told(done, len(tuning) + len(seeds))
    levels = levels_of(tuned, JUDGED_AT)
    return {
        "machine": machine("numpy"),
        "seeds": list(seeds),
        "tuned_on": list(tuning),
        "animals": 3 * animals,
        "animal_weeks": round(sum(one["signs"].size for one in judged) / 168),
        "healthy": {name: [round(float(one[name]), 2) for one in known] for name in known[0]},
        "long_postures": added(kept),
        "table": _table(tuned, statistics),
        "judged": [
            _judged(name, allowed, levels[name][place], judged, cases)
            for place, allowed in enumerate(JUDGED_AT)
            for name in SCORES
        ],
        "shipped": [_judged("signs", allowed, levels_for(allowed).look_now, judged, cases) for allowed in JUDGED_AT],
        "conditions": _conditions(levels["signs"][JUDGED_AT.index(1.0)], judged, near, cases),
        "cpu_s": round(time.process_time() - began, 1),
    }


def _known(herd: Simulated) -> Mapping[str, float]:
    """Return by which the field knows a herd, of its first weeks."""
    found = figures(herd.herd, herd.days[0].start // 86_400, _FIGURE_DAYS)
    return {"day_sd_h": found.day_sd_h, "lying_bouts": found.lying_bouts, "standing_h": 24 * found.standing}


def _statistics(herd: Simulated) -> dict[str, Any]:
    """Return what `stream.behaviour` knows of healthy goats."""
    everyone = np.arange(len(herd.told))
    far = [off(herd.habits[at], everyone, herd.rolling[:, herd.habit_at == at]) for at in herd.habits]
    last = herd.habits[max(herd.habits)]
    days = herd.daily[:, max(herd.habits) - HABIT_DAYS : max(herd.habits)]
    inside = score_of(signs_of(off(last, everyone, days)))
    return {
        "signs": np.concatenate(far, axis=1)[..., : len(COUNTED)].reshape(-1, len(COUNTED)) * np.array(TOWARDS),
        "sd": last.sd,
        "high": float(np.nanquantile(inside, _HIGH)),
        "factor": factor_of(days, last),
    }


def _table(tuned: Sequence[Mapping[str, Floats]], statistics: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the figures that `stream.behaviour` is set by, as these herds give them."""
    signs = np.concatenate([one["signs"] for one in statistics])
    return {
        "levels": [
            {"allowed": allowed, "level": round(level, 2), "shipped": round(levels_for(allowed).look_now, 2)}
            for allowed, level in zip(ALLOWED, levels_of(tuned, ALLOWED, ["signs"])["signs"], strict=True)
        ],
        "sd": np.median([one["sd"] for one in statistics], axis=(0, 1))[: len(COUNTED)].round(2).tolist(),
        "spread": signs.std(axis=0).round(2).tolist(),
        "correlation": np.corrcoef(signs.T).round(2).tolist(),
        "high": round(float(np.mean([one["high"] for one in statistics])), 2),
        "factors": [round(one["factor"], 2) for one in statistics],
    }


def _judged(
    name: str, allowed: float, level: float, healthy: Sequence[Mapping[str, Floats]], cases: Sequence[Case]
) -> dict[str, Any]:
    return {
        "score": name,
        "allowed": allowed,
        "level": round(level, 3),
        "false_alarms": round(rate([one[name] for one in healthy], level), 2),
        "signs": {sign: _found([one for one in cases if one.sign == sign], name, level) for sign in SIGNS},
    }


def _found(cases: Sequence[Case], name: str, level: float) -> dict[str, Any]:
    hours = delays(cases, name, level)
    middle = float(np.median(hours)) if len(hours) else np.inf
    return {
        "cases": len(hours),
        "median_h": round(middle, 1) if np.isfinite(middle) else None,
        "within": {hour: round(float((hours <= hour).mean()), 3) if len(hours) else None for hour in WITHIN_H},
    }


def _conditions(
    level: float,
    healthy: Sequence[Mapping[str, Floats]],
    near: Sequence[Mapping[str, np.ndarray[Any, np.dtype[np.bool_]]]],
    cases: Sequence[Case],
) -> dict[str, Any]:
    """Return false alarms and detection of all signs together by what else happens."""
    begun = [alarms(one["signs"], level) for one in healthy]
    found = {}
    for name in CONDITIONS:
        weeks = sum(int(one[name].sum()) for one in near) / 168
        alarmed = sum(int((new & one[name]).sum()) for new, one in zip(begun, near, strict=True))
        here = [case for case in cases if case.condition == name and case.sign == "all together"]
        found[name] = {
            "animal_weeks": round(weeks, 1),
            "false_alarms": round(100 * alarmed / weeks, 2) if weeks else None,
            **_found(here, "signs", level),
        }
    return found

"""Alerts about collars whose clock is wrong: what came is dated wrongly, or refused. Nothing of it can be repaired."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from core.readings import CollarName
from storage.alerting import findings
from storage.alerting.findings import Subject
from storage.animals import watching_animals as watched
from storage.animals.watching_animals import Raised
from storage.engine.database import Engine, scoped_to
from storage.evidence import rejected
from storage.evidence.rejected import Refusals
from storage.herds import calibrations
from stream.behaviour.standing_alerts import Look
from stream.calibrating.clock_faults import Clock, Verdict

CLOCK: Final = "clock"
DAY: Final = timedelta(days=1)
LEAST_REFUSED: Final = 3
"""Messages of a day: one may be of anybody's making."""

REFUSED: Final = "clock_refused"


def watch_clocks(engine: Engine, farm_id: int, now: datetime, clocks: Mapping[CollarName, Clock] | None = None) -> None:
    """Raise, amend and end the alerts about clocks, in one transaction.

    Args:
        engine: A connection that may write.
        farm_id: The farm.
        now: UTC.
        clocks: What messages of the last day tell; `None` if they were not looked at, only what was refused then.
    """
    with scoped_to(engine, [farm_id]) as connection:
        findings.hold(connection, farm_id)
        look = Look(connection, farm_id, now, watched.raised(connection, farm_id, [CLOCK], now - DAY))
        kept = {one.collar_id: one for one in look.of(CLOCK) if one.until is None}
        refused = rejected.refused_times(connection, farm_id, now - DAY)
        for one in calibrations.known(connection, farm_id):
            clock = None if clocks is None else clocks.get(one.name, Clock(Verdict.UNCLEAR))
            _bring_up(look, one.collar_id, kept.get(one.collar_id), _fault(refused.get(one.name.collar), clock), clock)


def _bring_up(
    look: Look, collar_id: int, alert: Raised | None, fault: Mapping[str, Any] | None, clock: Clock | None
) -> None:
    if alert is None:
        if fault is not None:
            look.open(
                CLOCK, Subject(collar_id=collar_id), since=look.slot, severity="warning", evidence=fault, expected={}
            )
    elif fault is not None:
        if fault["code"] != alert.evidence["code"]:
            look.revise(alert, evidence=fault)
    elif alert.evidence["code"] == REFUSED or (clock is not None and clock.verdict is Verdict.RIGHT):
        look.end(alert, "set_right")


def _fault(refused: Refusals | None, clock: Clock | None) -> dict[str, Any] | None:
    """Return what is wrong as evidence; `None` if nothing is, or nothing is known."""
    if refused is not None and refused.messages >= LEAST_REFUSED:
        return {"code": REFUSED, "messages": refused.messages, "newest": refused.newest}
    if clock is None or clock.behind_s is None:
        return None
    behind = round(clock.behind_s)
    if clock.verdict is Verdict.RESET:
        return {"code": "clock_reset", "hours": round(behind / 3600)}
    if clock.verdict is Verdict.DRIFT and clock.drift_s is not None:
        return {"code": "clock_loses" if clock.drift_s > 0 else "clock_gains", "seconds": round(abs(clock.drift_s))}
    if clock.verdict is Verdict.OFFSET:
        return {"code": "clock_behind" if behind > 0 else "clock_ahead", "seconds": abs(behind)}
    return None

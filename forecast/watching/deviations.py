"""Deviations: series outside the band that was expected of them a day before, for longer than chance would have it.

Each cycle goes through the last day again, and further back where an alert goes on, and brings the alerts up to what
the windows say now. What it ends in is a function of the windows, of the forecasts that they are held to, of the day's
rule and of what people have said, so doing it again, late, or out of order changes nothing. Three things do depend on
the way, for they are promises to people: an alert that later data undo stays on record as such; the rule of a day
follows from the record as it was when the day was first looked at; a window keeps the forecast that it was first held
to.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import numpy as np

from core.timeline import BUCKET
from forecast.inputs import Floats
from forecast.watching.causes import causes_of
from forecast.watching.episodes import ABOVE, Episode, Span, alerts_of, episodes_of
from forecast.watching.exceedance import WINDOWS
from forecast.watching.rules import RECORD, Record, Rules, by_series, day_of, record_of, rules_between
from storage.alerting import findings
from storage.alerting.findings import Finding, Kept, Subject
from storage.engine.database import Connection
from storage.forecasting import watched
from storage.herds.farms import Farm
from storage.measurements.series import Series

KIND: Final = "deviation"

FALSE_ALARMS: Final = 0.5
"""False alarms that are allowed per 100 animals and week, where no setting says otherwise."""

LOOK_BACK: Final = timedelta(days=1)
"""Episodes that were over by then are history: nothing is raised for them, and their alerts stay as they are."""

LEAD: Final = WINDOWS[-1] * BUCKET
"""Windows before the first one of interest that may count together with it."""

MEASURING: Final = frozenset(
    {"coverage_dropped", "collars_reassigned", "members_moved", "model_weak", "forecast_remark"}
)
"""Causes that say more of how it was measured or foretold than of the animals."""


def watch(
    connection: Connection,
    farm: Farm,
    followed: Sequence[Series],
    slot: datetime,
    *,
    changed: Sequence[datetime] | None = None,
    false_alarms: float = FALSE_ALARMS,
) -> None:
    """Raise, amend and end the alerts of a farm's series by the windows that have ended by a slot.

    A slot before the last one that was looked at is taken for that one.

    Args:
        connection: An open transaction that may write.
        farm: The farm.
        followed: All its series.
        slot: End of the last window that is looked at.
        changed: Windows that have changed since the last look, as the change feed tells; if left out, the whole last
            week is read again.
        false_alarms: Allowed per 100 animals and week, over all series.
    """
    if not followed:
        return
    findings.hold(connection, farm.id)
    ids = [one.id for one in followed]
    before = watched.watched_until(connection, ids)
    now = slot if before is None else max(slot, before)
    kept = findings.kept_since(connection, farm.id, KIND, now - LOOK_BACK - LEAD, LEAD)
    start = min([now - LOOK_BACK, *(alert.since for alert in kept if alert.until is None)]) - LEAD
    _refresh(connection, ids, changed, before, now)
    rules = rules_between(connection, farm.id, ids, start, now, false_alarms=false_alarms)
    least = min(rule.needed for rule in rules.values())
    concerned = {*watched.outside(connection, ids, start, now, least=least), *(alert.series_id for alert in kept)}
    rows = by_series(watched.windows(connection, [one for one in ids if one in concerned], start, now))
    for one in followed:
        if one.id in concerned:
            record = record_of(rows.get(one.id, ()), start, now)
            _bring_up(_Look(connection, farm, one, record), rules, [each for each in kept if each.series_id == one.id])


def _refresh(
    connection: Connection,
    ids: Sequence[int],
    changed: Sequence[datetime] | None,
    before: datetime | None,
    now: datetime,
) -> None:
    """Read the truth of what nobody has looked at yet, and anew that of what has changed, up to a week back."""
    oldest = day_of(now - LOOK_BACK - LEAD) - RECORD
    unseen = oldest if before is None else max(oldest, before)
    week = now - RECORD
    again = [(week, unseen)] if changed is None else spans_of([slot for slot in changed if week <= slot < unseen])
    for start, end in [*again, (unseen, now)]:
        if start < end:
            watched.refresh(connection, ids, start, end)


def spans_of(slots: Sequence[datetime]) -> list[tuple[datetime, datetime]]:
    """Join windows that follow one another to spans `[start, end)`."""
    spans: list[tuple[datetime, datetime]] = []
    for slot in sorted(set(slots)):
        if spans and spans[-1][1] == slot:
            spans[-1] = spans[-1][0], slot + BUCKET
        else:
            spans.append((slot, slot + BUCKET))
    return spans


class _Look(NamedTuple):
    """Whose windows are looked at."""

    connection: Connection
    farm: Farm
    one: Series
    record: Record


def _bring_up(look: _Look, rules: Rules, kept: Sequence[Kept]) -> None:
    """Make the alerts of a series what its windows say."""
    record = look.record
    now = record.at(len(record.ratios))
    current = [alert for alert in kept if alert.until is None or alert.until > now - LOOK_BACK]
    begin = min([now - LOOK_BACK, *(alert.since for alert in current)])
    over = [alert.until for alert in kept if alert.until is not None and alert not in current]
    first = max([record.number(begin - LEAD), *(record.number(until) for until in over)])
    by_window = [rules[look.one.id, day_of(record.at(number))] for number in range(len(record.ratios))]
    found = [
        episode
        for episode in episodes_of(record.sides, by_window, first)
        if episode.until is None or record.at(episode.until) > begin
    ]
    matched = alerts_of(found, [_span(alert, record) for alert in current])
    for alert in current:
        if alert.until is None and all(owner is None or owner.id != alert.id for owner, _ in matched):
            findings.end(look.connection, alert.id, "undone", at=now)
    for owner, parts in matched:
        _keep(look, parts, next((alert for alert in current if owner is not None and alert.id == owner.id), None))


def _span(alert: Kept, record: Record) -> Span:
    return Span(alert.id, record.number(alert.since), None if alert.until is None else record.number(alert.until))


def _keep(look: _Look, parts: Sequence[Episode], alert: Kept | None) -> None:
    """Raise an alert for an episode, or bring one up to the episodes that belong to it."""
    connection, farm, one, record = look
    first, last = parts[0], parts[-1]
    since, opened = record.at(first.first), record.at(first.opened)
    if alert is not None and (alert.since, alert.opened_at) == (since, opened):
        causes = alert.causes
    else:
        week = watched.windows(connection, [one.id], since - RECORD, opened)
        causes = causes_of(connection, farm, one, record=week, since=since, opened=opened)
    found = Finding(
        subject=Subject(series_id=one.id),
        since=since,
        opened_at=opened,
        last_evidence_at=record.at(last.last + 1),
        until=None if last.until is None else record.at(last.until),
        ended_by=last.ended_by,
        severity="info" if causes and causes[0]["code"] in MEASURING else "warning",
        evidence=_evidence(record, first, last),
        expected=_expected(record, first),
        causes=causes,
    )
    if alert is None:
        findings.add(connection, farm.id, KIND, found)
    else:
        findings.amend(connection, alert.id, found, at=record.at(len(record.ratios)))


def _evidence(record: Record, first: Episode, last: Episode) -> Mapping[str, Any]:
    """Return the numbers of the windows that raised an alert, and how long it has been outside since."""
    seen = slice(first.first, first.opened)
    return {
        "direction": "more" if first.side == ABOVE else "less",
        "outside": first.outside,
        "windows": first.rule.windows,
        "needed": first.rule.needed,
        "allowed_per_week": round(first.rule.allowed, 4),
        "expected_per_week": round(first.rule.expected, 4),
        "observed": _mean(record.ratios[seen]),
        "outside_in_all": int((record.sides[first.first : last.last + 1] == first.side).sum()),
        "quarters": [
            {
                "at": record.at(number).isoformat(),
                "ratio": _rounded(record.ratios[number]),
                "mean": _rounded(record.mean[number]),
                "lower95": _rounded(record.lower[number]),
                "upper95": _rounded(record.upper[number]),
            }
            for number in range(first.first, first.opened)
        ],
    }


def _expected(record: Record, first: Episode) -> Mapping[str, Any]:
    seen = slice(first.first, first.opened)
    known = np.isfinite(record.ratios[seen])
    lines = {"mean": record.mean, "lower95": record.lower, "upper95": record.upper}
    return {name: _mean(np.where(known, line[seen], np.nan)) for name, line in lines.items()}


def _mean(values: Floats) -> float:
    return round(float(np.nanmean(values)), 4)


def _rounded(value: float) -> float | None:
    return round(float(value), 4) if np.isfinite(value) else None

"""When a farm is told: hours of quiet and the time of the digest, on its wall clock.

A time that the clock shows twice is its first showing; one that it skips is as much later as the clock went forward.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from storage.alerting.notice_channels import Rule

_ONE = timedelta(days=1)


def quiet_until(rule: Rule, zone: ZoneInfo, now: datetime) -> datetime | None:
    """Return the end (exclusive) of the quiet that an instant lies in; `None` if it lies in none.

    >>> night = Rule(quiet_from=time(22), quiet_until=time(6))
    >>> quiet_until(night, ZoneInfo("Europe/Paris"), datetime(2026, 3, 28, 23, tzinfo=UTC)).isoformat()
    '2026-03-29T04:00:00+00:00'
    """
    if rule.quiet_from is None or rule.quiet_until is None:
        return None
    over_midnight = _ONE if rule.quiet_until < rule.quiet_from else timedelta(0)
    today = now.astimezone(zone).date()
    for day in (today - _ONE, today):
        end = instant_at(day + over_midnight, rule.quiet_until, zone)
        if instant_at(day, rule.quiet_from, zone) <= now < end:
            return end
    return None


def last_digest(rule: Rule, zone: ZoneInfo, now: datetime) -> datetime | None:
    """Return the latest instant, up to now, at which a digest was due; `None` if the farm wants none."""
    if rule.digest_at is None:
        return None
    today = now.astimezone(zone).date()
    instants = (instant_at(today - days * _ONE, rule.digest_at, zone) for days in range(3))
    return next(instant for instant in instants if instant <= now)


def next_digest(rule: Rule, zone: ZoneInfo, now: datetime) -> datetime | None:
    """Return the first instant after now at which a digest is due; `None` if the farm wants none."""
    if rule.digest_at is None:
        return None
    today = now.astimezone(zone).date()
    instants = (instant_at(today + days * _ONE, rule.digest_at, zone) for days in range(3))
    return next(instant for instant in instants if instant > now)


def instant_at(day: date, at: time, zone: ZoneInfo) -> datetime:
    """Return the UTC instant at which a clock first shows a time of a day."""
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)

"""What a message says, as a mail in plain words and as JSON for programs: pure text from alerts."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from core.alert_texts import (
    ABOUT,
    CHECKS,
    ENDINGS,
    KINDS,
    SEVERITIES,
    Language,
    Text,
    causes_told,
    evidence_told,
    told,
)
from core.time_texts import clock_time, times_told
from storage.alerting.alerts import Alert
from storage.alerting.notifications import Words
from storage.herds.farms import Farm
from stream.notifying.deciding import What

MOST_TOLD: Final = 40
"""Alerts that a mail describes; the others it counts."""

SUBJECT_LENGTH: Final = 78


class Item(NamedTuple):
    """What a message tells of one alert: that it began, ended, or both, and which animal wears the collar if any."""

    alert: Alert
    what: What
    worn_by: str = ""


_HEAD: Final = Text("Farm {farm}, {at} ({zone})", "Ferme {farm}, le {at} ({zone})")
_COUNT: Final = Text("{count} alerts", "{count} alertes")
_OVER: Final = Text("over", "terminé")
_DIGEST: Final = Text("digest of {day}", "résumé du {day}")
_WHY_OVER: Final = Text("Over because", "Fini parce que")
_SEEN: Final = Text("Seen", "Vu")
_CHECK: Final = Text("Check", "À vérifier")
_CAUSES: Final = Text("Possible causes", "Causes possibles")
_GOES_ON: Final = Text("Still going on", "Toujours en cours")
_MORE: Final = Text(
    "and {count} more: animov alerts list --farm {farm}", "et {count} autres : animov alerts list --farm {farm}"
)
_JUDGE: Final = Text(
    "To say that you have seen it, that it is nothing, or what you found:",
    "Pour dire que vous l'avez vu, que ce n'est rien, ou ce que vous avez trouvé :",
)

_TRIAL_SUBJECT: Final = Text("test message", "message d'essai")
_TRIAL: Final = Text(
    "This is a test: alerts about this farm will be told here.",
    "Ceci est un essai : les alertes de cette ferme seront annoncées ici.",
)


def mail(
    farm: Farm, items: Sequence[Item], going_on: Sequence[Item], *, language: Language, at: datetime, digest: bool
) -> Words:
    """Return a mail in a farm's language and on its wall clock.

    Args:
        farm: The farm.
        items: What is told, in the order in which it is to be read; never empty.
        going_on: Alerts beside them that go on, which a digest reminds of.
        language: Of the words.
        at: When it is written, on the node's clock.
        digest: Whether it is the digest of the day.
    """
    clock = _Clock(ZoneInfo(farm.time_zone), language)
    head = told(_HEAD, language, {"farm": farm.title or farm.name, "at": clock(at), "zone": farm.time_zone})
    parts = [head, *(_described(item, clock) for item in items[:MOST_TOLD])]
    if len(items) > MOST_TOLD:
        parts.append(told(_MORE, language, {"count": len(items) - MOST_TOLD, "farm": farm.name}))
    if going_on:
        parts.append(_reminder(going_on, clock))
    numbers = [item.alert.id for item in items if item.what == "opened"]
    if numbers:
        ways = ("seen {0}", 'dismiss {0} --reason "..."', 'confirm {0} --finding "..."')
        commands = "\n".join(f"  animov alerts {way.format(numbers[0])}" for way in ways)
        parts.append(f"{told(_JUDGE, language, {})}\n{commands}")
    return Words(_subject(farm, items, clock, at, digest=digest), "\n\n".join(parts) + "\n")


def call(
    farm: Farm, items: Sequence[Item], going_on: Sequence[Item], *, language: Language, at: datetime, digest: bool
) -> Words:
    """Return the same for programs, in JSON; arguments as of `mail`, times in UTC."""
    content = {
        "type": "digest" if digest else "alerts",
        "farm": farm.name,
        "at": at.isoformat(),
        "alerts": [{"event": item.what, **_plain(item.alert, item.worn_by, language)} for item in items],
        "going_on": [_plain(item.alert, item.worn_by, language) for item in going_on],
    }
    subject = _subject(farm, items, _Clock(ZoneInfo(farm.time_zone), language), at, digest=digest)
    return Words(subject, json.dumps(content, ensure_ascii=False))


def trial(farm: Farm, *, language: Language, at: datetime, plain: bool) -> Words:
    """Return a message by which somebody sees that messages arrive: `plain` words, or the same for programs."""
    said = told(_TRIAL, language, {})
    subject = f"[{farm.name}] {told(_TRIAL_SUBJECT, language, {})}"
    if not plain:
        content = {"type": "test", "farm": farm.name, "at": at.isoformat(), "text": said}
        return Words(subject, json.dumps(content, ensure_ascii=False))
    clock = _Clock(ZoneInfo(farm.time_zone), language)
    head = told(_HEAD, language, {"farm": farm.title or farm.name, "at": clock(at), "zone": farm.time_zone})
    return Words(subject, f"{head}\n\n{said}\n")


class _Clock(NamedTuple):
    """Times as a farm's people write them."""

    zone: ZoneInfo
    language: Language

    def __call__(self, instant: datetime) -> str:
        """Return a date and time."""
        return f"{self.day(instant)} {clock_time(instant, self.zone)}"

    def day(self, instant: datetime) -> str:
        local = instant.astimezone(self.zone)
        return f"{local:%d/%m/%Y}" if self.language == "fr" else f"{local:%Y-%m-%d}"


def _subject(farm: Farm, items: Sequence[Item], clock: _Clock, at: datetime, *, digest: bool) -> str:
    language = clock.language
    if digest:
        what = f"{told(_DIGEST, language, {'day': clock.day(at)})}{_colon(language)}{_kinds(items, language)}"
    elif len(items) == 1:
        what = _named(items[0].alert, items[0].worn_by, language)
    else:
        what = f"{told(_COUNT, language, {'count': len(items)})}{_colon(language)}{_kinds(items, language)}"
    over = f"{told(_OVER, language, {})}{_colon(language)}" if all(item.what != "opened" for item in items) else ""
    whole = f"[{farm.name}] {'' if digest else over}{what}"
    return whole if len(whole) <= SUBJECT_LENGTH else f"{whole[: SUBJECT_LENGTH - 1]}…"


def _kinds(items: Sequence[Item], language: Language) -> str:
    counted = Counter(item.alert.kind for item in items)
    return ", ".join(
        told(KINDS[kind], language, {}) + (f" ({count})" if count > 1 else "") for kind, count in counted.most_common()
    )


def _described(item: Item, clock: _Clock) -> str:
    alert, language = item.alert, clock.language
    over = "" if item.what == "opened" else f" ({told(_OVER, language, {})})"
    rank = "" if over else f"{told(SEVERITIES[alert.severity], language, {}).upper()}  "
    lines = [f"{rank}{_named(alert, item.worn_by, language)}{over}"]
    is_over = alert.until is not None and item.what != "opened"
    lines.append(f"  {_begun(_when(alert, language, is_over=is_over))}")
    if is_over and alert.ended_by in ENDINGS:
        lines.append(_line(_WHY_OVER, told(ENDINGS[alert.ended_by], language, {}), language))
    if item.what != "ended":
        lines.append(_line(_SEEN, evidence_told(alert.kind, alert.evidence, alert.expected, language), language))
        if alert.causes:
            lines.append(_line(_CAUSES, "; ".join(causes_told(alert.causes, language)), language))
    if item.what == "opened":
        lines.append(_line(_CHECK, told(CHECKS[alert.kind], language, {}), language))
    return "\n".join(lines)


def _reminder(going_on: Sequence[Item], clock: _Clock) -> str:
    language = clock.language
    lines = [
        f"  {_named(alert, worn_by, language)} ({_when(alert, language, is_over=False)})"
        for alert, _, worn_by in going_on
    ]
    return "\n".join([f"{told(_GOES_ON, language, {})}{_colon(language).rstrip()}", *lines])


def _named(alert: Alert, worn_by: str, language: Language) -> str:
    about = told(ABOUT[alert.about], language, {})
    wearer = f" ({worn_by})" if worn_by else ""
    name = "" if alert.about in {"farm", "herd"} else f" {alert.about_name}"
    return f"{_begun(about)}{name}{wearer}{_colon(language)}{told(KINDS[alert.kind], language, {})}"


def _begun(words: str) -> str:
    """Return words as a line begins with them."""
    return f"{words[0].upper()}{words[1:]}"


def _when(alert: Alert, language: Language, *, is_over: bool) -> str:
    until = alert.until if is_over else None
    return times_told(alert.since, alert.opened_at, until, ZoneInfo(alert.time_zone), language)


def _line(label: Text, said: str, language: Language) -> str:
    return f"  {told(label, language, {})}{_colon(language)}{said}"


def _colon(language: Language) -> str:
    return " : " if language == "fr" else ": "


def _plain(alert: Alert, worn_by: str, language: Language) -> dict[str, Any]:
    fields = {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in asdict(alert).items()
    }
    text = evidence_told(alert.kind, alert.evidence, alert.expected, language)
    when = _when(alert, language, is_over=True)
    return {**fields, "worn_by": worn_by, "text": text, "when": when, "check": told(CHECKS[alert.kind], language, {})}

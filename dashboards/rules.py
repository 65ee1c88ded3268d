"""Alert rules: what the node has decided is passed on, and that the node itself has stopped, which only others can see.

No rule decides anything about animals: the node did, and a rule over the table `alert` tells it to whom Grafana tells.
"""

from dataclasses import dataclass
from typing import Any, Final

from core.alert_texts import CHECKS, KINDS, Language, Text
from dashboards.panels import Outlet
from dashboards.sentences import evidence_worded, times_worded, worded
from dashboards.style import Json, said

GROUP: Final = "animov"
INTERVAL_S: Final = 60
LOOK_BACK_S: Final = 3600
CONTACT: Final = "AniMOV"
EXPRESSIONS: Final = "__expr__"
"""Uid by which rules name Grafana's own arithmetic in place of a data source."""


@dataclass(frozen=True, slots=True)
class Rule:
    """An alert rule.

    Attributes:
        name: Ends its uid.
        title: As people read it.
        sql: Columns `time`, `value`, and what tells alerts apart; one row at least, or nobody is there.
        above: The value above which it fires.
        lasts: For how long, as Grafana writes durations.
        seen: What was seen; labels are named as `{{ $labels.name }}`.
        expected: What should be.
        check: What to look at.
    """

    name: str
    title: Text
    sql: str
    above: float
    lasts: str
    seen: Text
    expected: Text
    check: Text


def _told(severity: str, language: Language) -> str:
    return f"""WITH told AS (
  SELECT f.name AS farm, a.name AS who, {worded("a.kind", KINDS, language)} AS what,
    concat({evidence_worded(language)}, '{" ; " if language == "fr" else "; "}', {_when(language)}) AS seen,
    {worded("a.kind", CHECKS, language)} AS "check"
  FROM panel.alerts(NULL) a JOIN panel.farm f ON f.id = a.farm_id WHERE a.severity = '{severity}' AND a.state = 'open')
SELECT animov_now() AS time, farm, who, what, seen, "check", 1::float8 AS value FROM told
UNION ALL SELECT animov_now(), '', '', '', '', '', 0 WHERE NOT EXISTS (SELECT FROM told)"""  # noqa: S608 - our own words


def _when(language: Language) -> str:
    found = "(SELECT o.opened_at FROM panel.alert o WHERE o.id = a.id)"
    return times_worded("a.since", found, "f.time_zone", language)


def _health(value: str) -> str:
    return f"""SELECT animov_now() AS time, f.name AS farm, coalesce({value}, 0)::float8 AS value
FROM panel.farm f CROSS JOIN LATERAL panel.health(f.id) h"""  # noqa: S608 - our own words


_BAND: Final = Text("what is usual for it, or was forecast", "son comportement habituel, ou ce qui était prévu")


def rules(language: Language) -> tuple[Rule, ...]:
    """Return all rules in a language."""
    decided = {
        "critical": Text("Urgent: an animal or a whole farm", "Urgent : un animal ou tout un élevage"),
        "warning": Text("To be checked", "À vérifier"),
    }
    passed_on = (
        Rule(
            name=severity,
            title=title,
            sql=_told(severity, language),
            above=0.5,
            lasts="0s",
            seen=Text(
                "{{ $labels.farm }}, {{ $labels.who }}: {{ $labels.seen }}",
                "{{ $labels.farm }}, {{ $labels.who }} : {{ $labels.seen }}",
            ),
            expected=_BAND,
            check=Text("{{ $labels.check }}", "{{ $labels.check }}"),
        )
        for severity, title in decided.items()
    )
    return (*passed_on, *_OF_THE_NODE)


_OF_THE_NODE: Final = (
    Rule(
        name="no-forecast",
        title=Text("No forecast for an hour", "Pas de prévision depuis une heure"),
        sql=_health("h.slot_age_s"),
        above=3600,
        lasts="5m",
        seen=Text(
            "the newest forecast of {{ $labels.farm }} is more than 1 h old",
            "la dernière prévision de {{ $labels.farm }} date de plus de 1 h",
        ),
        expected=Text("one every quarter of an hour", "une par quart d'heure"),
        check=Text(
            "is the machine on, does 'animov up' run, does 'animov db status' tell of failed jobs?",
            "la machine est-elle allumée, « animov up » tourne-t-il, « animov db status » montre-t-il des échecs ?",
        ),
    ),
    Rule(
        name="waiting",
        title=Text("Messages wait to be read", "Des messages attendent d'être lus"),
        sql=_health("h.posted_oldest_s"),
        above=600,
        lasts="5m",
        seen=Text(
            "messages of {{ $labels.farm }} by HTTP have waited for more than 10 min",
            "des messages de {{ $labels.farm }} reçus par HTTP attendent depuis plus de 10 min",
        ),
        expected=Text("some seconds", "quelques secondes"),
        check=Text(
            "does the part of AniMOV that receives messages run?",
            "la partie d'AniMOV qui reçoit les messages tourne-t-elle ?",
        ),
    ),
    Rule(
        name="jobs",
        title=Text("Work fails or piles up", "Des travaux échouent ou s'accumulent"),
        sql="""SELECT animov_now() AS time, coalesce(max(lane), '') AS lane,
  greatest(max(failed), floor(max(oldest_s) / 3600), 0)::float8 AS value FROM panel.jobs() GROUP BY lane
UNION ALL SELECT animov_now(), '', 0 WHERE NOT EXISTS (SELECT FROM panel.jobs())""",
        above=0.5,
        lasts="10m",
        seen=Text(
            "in the lane {{ $labels.lane }} jobs failed within a day, or one has waited for an hour",
            "dans la file {{ $labels.lane }} des travaux ont échoué depuis un jour, ou l'un attend depuis une heure",
        ),
        expected=Text("no failure, minutes of waiting", "aucun échec, quelques minutes d'attente"),
        check=Text(
            "load of the machine, free disk, and the log of the forecast worker",
            "charge de la machine, place sur le disque, et journal du processus de prévision",
        ),
    ),
)


def rule_group(outlet: Outlet, folder_uid: str, farm: str, *, contact: bool) -> Json:
    """Return the group of all rules, as Grafana's HTTP API takes it.

    Args:
        outlet: Language, data source and beginning of uids.
        folder_uid: Of the folder that holds the dashboards.
        farm: Ends the name of the contact point, so that farms in one organisation tell their own people.
        contact: Whether somebody is told by the contact point; else the policies of the server decide.
    """
    receiver = contact_name(farm) if contact else None
    made = [_rule(outlet, one, receiver) for one in rules(outlet.language)]
    placed = {"folderUID": folder_uid, "ruleGroup": GROUP}
    return {
        "title": GROUP,
        "folderUid": folder_uid,
        "interval": INTERVAL_S,
        "rules": [one | placed for one in made],
    }


def contact_name(farm: str) -> str:
    """Return the name of a contact point."""
    return f"{CONTACT} {farm}".strip()


def contact_point(outlet: Outlet, farm: str, mails: list[str]) -> Json:
    """Return a contact point, as Grafana's HTTP API takes it."""
    return {
        "uid": f"{outlet.key}-mail",
        "name": contact_name(farm),
        "type": "email",
        "settings": {"addresses": ";".join(mails), "singleEmail": False},
        "disableResolveMessage": False,
    }


def provisioned(outlet: Outlet) -> Json:
    """Return rules and contact point as a file that Grafana is provisioned from; mails go to `$GRAFANA_MAILS`."""
    made = [_rule(outlet, one, contact_name("")) for one in rules(outlet.language)]
    return {
        "apiVersion": 1,
        "groups": [{"orgId": 1, "name": GROUP, "folder": "AniMOV", "interval": f"{INTERVAL_S}s", "rules": made}],
        "contactPoints": [
            {
                "orgId": 1,
                "name": contact_name(""),
                "receivers": [
                    {"uid": f"{outlet.key}-mail", "type": "email", "settings": {"addresses": "$GRAFANA_MAILS"}}
                ],
            }
        ],
    }


def _rule(outlet: Outlet, rule: Rule, receiver: str | None) -> Json:
    told = {
        "summary": rule.title,
        "description": Text(
            f"Seen: {rule.seen.en}. Expected: {rule.expected.en}. To check: {rule.check.en}",
            f"Vu : {rule.seen.fr}. Attendu : {rule.expected.fr}. À vérifier : {rule.check.fr}",
        ),
    }
    return {
        "uid": f"{outlet.key}-{rule.name}",
        "title": said(rule.title, outlet.language),
        "condition": "C",
        "for": rule.lasts,
        "noDataState": "Alerting",
        "execErrState": "Error",
        "isPaused": False,
        "annotations": {name: said(text, outlet.language) for name, text in told.items()},
        "labels": {"source": "animov"},
        "data": _steps(outlet, rule),
    } | ({"notification_settings": {"receiver": receiver}} if receiver else {})


def _steps(outlet: Outlet, rule: Rule) -> list[Json]:
    """Return what a rule computes: A asks, B takes the last value of each series, C holds it against the threshold."""
    threshold = {
        "type": "threshold",
        "expression": "B",
        "conditions": [{"evaluator": {"type": "gt", "params": [rule.above]}}],
    }
    asked = {"format": "time_series", "rawQuery": True, "editorMode": "code", "rawSql": rule.sql}
    return [
        _step("A", outlet.key, LOOK_BACK_S, asked),
        _step("B", EXPRESSIONS, 0, {"type": "reduce", "expression": "A", "reducer": "last"}),
        _step("C", EXPRESSIONS, 0, threshold),
    ]


def _step(ref: str, source: str, back_s: int, model: dict[str, Any]) -> Json:
    return {
        "refId": ref,
        "queryType": "",
        "datasourceUid": source,
        "relativeTimeRange": {"from": back_s, "to": 0},
        "model": {"refId": ref, "datasource": {"uid": source}, **model},
    }

"""What alerts say, as SQL makes it of their numbers: the sentences of `core.alert_texts`, so that all say the same."""

from collections.abc import Iterator, Mapping
from string import Formatter
from typing import Final

from core.alert_texts import EVIDENCE, KINDS, Language, Text
from core.time_texts import MONTHS, TIMES, UNITS, WEEKDAYS
from dashboards.style import said

_NUMBERS: Final = "(expected || evidence)"


def worded(column: str, texts: Mapping[str, Text], language: Language) -> str:
    """Return SQL that says the codes of a column in words; one that has none is said as it is."""
    whens = " ".join(f"WHEN {_quoted(code)} THEN {_quoted(said(text, language))}" for code, text in texts.items())
    return f"CASE {column} {whens} ELSE {column} END"


def evidence_worded(language: Language) -> str:
    """Return SQL of the sentence about an alert, of its columns `kind`, `evidence` and `expected`."""
    whens = " ".join(f"WHEN {_quoted(code)} THEN {_sentence(text, language)}" for code, text in EVIDENCE.items())
    code = "coalesce(evidence ->> 'code', evidence ->> 'direction', '')"
    return f"CASE {code} {whens} ELSE {worded('kind', KINDS, language)} END"


def lasting_worded(seconds: str, language: Language) -> str:
    """Return SQL of a length of time, given as SQL of its seconds, as `core.time_texts.lasting` tells it."""
    rest = "lpad((m % 60)::text, 2, '0')" if language == "fr" else "m % 60 || ' min'"
    days = "jours" if language == "fr" else "days"
    return (
        f"(SELECT CASE WHEN s BETWEEN 1 AND 119 THEN s || ' s' WHEN m < 60 THEN m || ' min'"  # noqa: S608 - our own words
        f" WHEN m >= 2880 THEN (m + 720) / 1440 || ' {days}' WHEN m % 60 = 0 THEN m / 60 || ' h'"
        f" ELSE m / 60 || ' h ' || {rest} END"
        f" FROM (SELECT s, (s + 30) / 60 AS m FROM (SELECT floor({seconds} + 0.5)::bigint AS s) AS _) AS _)"
    )


def times_worded(since: str, found: str, zone: str, language: Language) -> str:
    """Return SQL of since when something has been so, and when it was found, as `core.time_texts.times_told` tells it.

    All are SQL: of two instants and of the name of a time zone. An hour that a clock shows twice is told once.
    """
    begun, noticed = (_moment(f"({at} AT TIME ZONE {zone})", language) for at in (since, found))
    before, behind, _ = TIMES[language]
    return f"'{before} ' || {begun} || coalesce(', {behind} ' || nullif({noticed}, {begun}), '')"


def _moment(local: str, language: Language) -> str:
    days, months = (f"(ARRAY[{', '.join(map(_quoted, names[language]))}])" for names in (WEEKDAYS, MONTHS))
    day, month = (f"date_part('{field}', {local})::int" for field in ("isodow", "month"))
    return f"concat_ws(' ', {days}[{day}], date_part('day', {local}), {months}[{month}], to_char({local}, 'HH24:MI'))"


def _sentence(text: Text, language: Language) -> str:
    return f"concat({', '.join(_parts(said(text, language), language))})"


def _parts(template: str, language: Language) -> Iterator[str]:
    for literal, name, form, _ in Formatter().parse(template):
        if literal:
            yield _quoted(_spaced(literal, language))
        if name is not None:
            yield _number(name, form or "", language)


def _number(name: str, form: str, language: Language) -> str:
    """Return SQL of a number as `str.format` would write it; as much of its language as the sentences use."""
    value = f"({_NUMBERS} ->> {_quoted(name)})"
    if not form:
        return value
    if form in UNITS:
        return lasting_worded(f"{value}::numeric * {UNITS[form]}", language)
    digits = int(form[1])
    if form.endswith("%"):
        return f"round(100 * {value}::numeric, {digits}), {_quoted(_spaced('%', language))}"
    return f"round({value}::numeric, {digits})"


def _spaced(words: str, language: Language) -> str:
    return words.replace("%", "\u202f%") if language == "fr" else words


def _quoted(words: str) -> str:
    return "'" + words.replace("'", "''") + "'"

"""What alerts say, as SQL makes it of their numbers: the sentences of `core.alert_texts`, so that all say the same."""

from collections.abc import Iterator, Mapping
from string import Formatter
from typing import Final

from core.alert_texts import EVIDENCE, KINDS, Language, Text
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
    digits = int(form[1])
    if form.endswith("%"):
        return f"round(100 * {value}::numeric, {digits}), {_quoted(_spaced('%', language))}"
    return f"round({value}::numeric, {digits})"


def _spaced(words: str, language: Language) -> str:
    return words.replace("%", "\u202f%") if language == "fr" else words


def _quoted(words: str) -> str:
    return "'" + words.replace("'", "''") + "'"

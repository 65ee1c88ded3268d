"""Every text of the console, in French and in English, by key; a file of this folder for each part of the console."""

from collections.abc import Mapping
from itertools import chain
from typing import Any, Final

import streamlit as st

from core.alert_texts import Language, Text
from dashboards.console.said import data, models, settings, shell

PARTS: Final = (shell.TEXTS, data.TEXTS, models.TEXTS, settings.TEXTS)

TEXTS: Final[Mapping[str, Text]] = dict(chain.from_iterable(part.items() for part in PARTS))

LANGUAGES: Final[Mapping[Language, str]] = {"fr": "Français", "en": "English"}

LANGUAGE: Final = "kept.language"
"""Where a session keeps its language; the switch is the widget of this key."""


def language() -> Language:
    """Return the language of this session, French unless another was chosen or the console was started in another."""
    chosen = st.session_state.get(LANGUAGE) or st.secrets.get("language")
    return "en" if chosen == "en" else "fr"


def say(key: str, **values: Any) -> str:
    """Return a text in the language of this session, with values in it."""
    return said(key, language(), **values)


def said(key: str, spoken: Language, **values: Any) -> str:
    """Return a text in a language, with values in it."""
    text = TEXTS[key]
    return (text.fr if spoken == "fr" else text.en).format(**values)


def plain(text: str) -> str:
    """Return a text that people wrote, such as a name, so that it is shown as it is and not taken for Markdown."""
    return "".join(f"\\{sign}" if sign in _SIGNS else sign for sign in text)


_SIGNS: Final = frozenset("\\`*_{}[]()<>#+-.!|~$:&@")

"""What the console says: in both languages, the same values in both, and no text anywhere but in the catalogue."""

import ast
from pathlib import Path
from string import Formatter

import pytest

from dashboards.console.said import PARTS, TEXTS, plain

CONSOLE = Path(__file__).parents[3] / "dashboards" / "console"
SOURCES = [path for path in CONSOLE.rglob("*.py") if "said" not in path.parts]
SHOWS = {
    "area_chart", "badge", "button", "caption", "checkbox", "date_input", "download_button", "error", "expander",
    "file_uploader", "form_submit_button", "header", "help", "info", "link_button", "markdown", "metric", "multiselect",
    "number_input", "pills", "popover", "progress", "radio", "segmented_control", "selectbox", "slider", "spinner",
    "status", "subheader", "success", "text", "text_area", "text_input", "time_input", "title", "toast", "toggle",
    "warning", "write",
}  # fmt: skip
TOLD = {"help", "placeholder", "page_title", "title"}


def values_of(text):
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("key", TEXTS)
def test_a_text_is_in_both_languages_with_the_same_values(key):
    text = TEXTS[key]
    assert text.fr.strip()
    assert text.en.strip()
    assert values_of(text.fr) == values_of(text.en)


def test_no_key_means_two_things():
    keys = [key for part in PARTS for key in part]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(CONSOLE).as_posix())
def test_no_page_has_a_text_of_its_own(path):
    found = []
    for call in (node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)):
        if isinstance(call.func, ast.Attribute) and call.func.attr in SHOWS and ast.unparse(call.func.value) != "_log":
            told = [*call.args[:1], *(word.value for word in call.keywords if word.arg in TOLD)]
            found += [(call.lineno, text.value) for text in told if _is_text(text)]
    assert found == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(CONSOLE).as_posix())
def test_every_key_that_is_said_is_in_the_catalogue(path):
    calls = (node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call))
    said = [call.args[0].value for call in calls if _is_saying(call)]
    assert [key for key in said if key not in TEXTS] == []


def test_what_people_wrote_is_no_markup():
    assert plain("*Brune* [x](y) <b>") == r"\*Brune\* \[x\]\(y\) \<b\>"


def _is_text(node):
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _is_saying(call):
    named = isinstance(call.func, ast.Name) and call.func.id == "say"
    return named and isinstance(call.args[0], ast.Constant)

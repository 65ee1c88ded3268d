"""`docs/api.md` tells every problem that there is, and no path that there is not."""

import ast
import re
from pathlib import Path

import pytest

from api.forms import problems

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "api.md").read_text("utf-8")
TOLD = set(re.findall(r"^\| `([a-z-]+)` \| \d{3} \|", PAGE, re.MULTILINE))
REFUSERS = {"ProblemError", "_refuse"}
OF_FIRST = "first"
"""What is told in `message`, and never as a problem."""


def codes_in(path):
    """The codes that calls in a file refuse with, or that stand in it in full."""
    yield from re.findall(r'type="urn:animov:problem:([a-z-]+)"', path.read_text("utf-8"))
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        called = getattr(getattr(node, "func", None), "id", getattr(getattr(node, "func", None), "attr", ""))
        inherited = called == "__init__" and path.name == "messages.py"
        if isinstance(node, ast.Call) and (called in REFUSERS or inherited) and len(node.args) > 1:
            yield from (part.value for part in ast.walk(node.args[1]) if isinstance(part, ast.Constant))


def test_every_problem_is_told():
    mapped = {code for code, _ in problems._FRAMEWORK.values()} | {code for _, code in problems._STATUS.values()}
    found = {code for path in (ROOT / "api").rglob("*.py") for code in codes_in(path)} | mapped

    assert {"invalid", "not-found", "slow-body", OF_FIRST} < found
    assert found - {OF_FIRST} == TOLD


@pytest.mark.parametrize("page", ["README.md", "docs/api.md", "docs/models.md"])
def test_every_path_that_is_told_is_served(app, page):
    text = (ROOT / page).read_text("utf-8")
    served = {
        (method.upper(), re.sub(r"\{\w+\}", "*", path))
        for path, ways in app.openapi()["paths"].items()
        for method in ways
    }
    named = re.findall(r"(?:`|\b(GET|POST|PUT|PATCH|DELETE) )(/[\w./-]+)", text)
    told = {(method, re.sub(r"\b[A-Z]+\b", "*", path).rstrip(".")) for method, path in named}

    paths = {path for _, path in served} | {"/docs", "/openapi.json", "/v1", "/v2"}
    assert [path for _, path in told if path.replace("plot.png", "*") not in paths] == []
    assert {(method, path) for method, path in told if method} <= served

"""What every command owes its user: help with an example, exit codes, a quick start."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from animov.commands.whole import app

ROOT = Path(__file__).parents[2]
HEAVY = ("pandas", "statsmodels", "scipy", "numpy", "mlflow", "pyarrow", "sqlalchemy", "fastapi", "paho", "rich.live")


def commands(group, *path):
    """Every command with the words that lead to it."""
    for name, command in sorted(group.commands.items()):
        if hasattr(command, "commands"):
            yield from commands(command, *path, name)
        else:
            yield pytest.param((*path, name), command, id=" ".join((*path, name)))


COMMANDS = list(commands(get_command(app)))


@pytest.mark.parametrize(("path", "command"), COMMANDS)
def test_every_command_has_help_with_an_example_of_itself(path, command):
    assert f"animov {' '.join(path)}" in command.help.partition("Example:")[2]


@pytest.mark.parametrize(("path", "command"), COMMANDS)
def test_help_is_an_answer_and_an_unknown_option_is_wrong_usage(run, path, command):
    helped = run(*path, "--help")

    assert (helped.code, helped.err) == (0, "")
    assert helped.out.startswith("Usage: ")
    assert run(*path, "--no-such-option").code == 2


@pytest.mark.parametrize("words", [["import"], ["rejected"], ["db"]])
def test_a_group_of_commands_alone_is_wrong_usage(run, words):
    assert run(*words).code == 2


@pytest.mark.parametrize("words", [["--help"], ["backtest", "--help"], ["import", "samples", "--help"]])
def test_the_start_of_a_command_pays_for_no_heavy_library(words):
    check = f"""
import atexit, sys
sys.argv = ["animov", *{words!r}]
from animov.cli import main
atexit.register(lambda: sys.stderr.write(repr([name for name in {HEAVY!r} if name in sys.modules])))
main()
"""
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, cwd=ROOT, check=True)

    assert done.stderr == "[]"


REFUSED = [
    pytest.param(["backtest", "missing.csv"], "there is no file", id="backtest_of_nothing"),
    pytest.param(["backtest", "."], "Is a directory", id="backtest_of_a_folder"),
    pytest.param(["replay", "missing", "--broker", "mqtt://127.0.0.1:1"], "there is no file", id="replay_of_nothing"),
    pytest.param(["record", "new", "--broker", "http://x"], "its form is mqtt://", id="broker_of_another_kind"),
    pytest.param(["simulate", "--broker", "mqtt://127.0.0.1:1"], "does not answer", id="nobody_there"),
    pytest.param(
        ["simulate", "--broker", "mqtt://127.0.0.1:1", "--from", "2099-01-01"], "in the future", id="from_the_future"
    ),
    pytest.param(
        ["simulate", "--broker", "mqtt://127.0.0.1:1", "--from", "2026-05-02", "--to", "2026-05-01"],
        "not after the start",
        id="ends_before_it_begins",
    ),
]


@pytest.mark.parametrize(("words", "why"), REFUSED)
def test_what_is_refused_is_told_in_one_line_with_code_1(run, monkeypatch, tmp_path, words, why):
    monkeypatch.chdir(tmp_path)

    refused = run(*words)

    assert (refused.code, refused.out) == (1, "")
    *hints, line = refused.err.splitlines()
    assert line.startswith("animov: ")
    assert why in line
    assert all(hint.startswith("recording to") for hint in hints)
    assert list(tmp_path.iterdir()) == []


WRONG = [
    ["backtest", "f", "--order", "1,0"],
    ["backtest", "f", "--seasonal", "1,0,1"],
    ["backtest", "f", "--unit", "parts"],
    ["import", "samples", "f", "--mount", "tail"],
    ["import", "samples", "f", "--columns", "x,y"],
    ["import", "samples", "f", "--axes", "x,y,z"],
    ["import", "posture", "f", "--farm", "no farm"],
    ["import", "ratios", "f", "--animal", "Brûne"],
    ["replay", "f", "--broker", "mqtt://127.0.0.1", "--speed", "0"],
    ["simulate", "--broker", "mqtt://127.0.0.1", "--goats", "2", "--groups", "3"],
    ["simulate"],
    ["rejected", "retry"],
    ["rejected", "retry", "ab", "--all"],
    ["rejected", "show", "%"],
]


@pytest.mark.parametrize("words", WRONG, ids=" ".join)
def test_wrong_usage_is_told_with_code_2(run, words):
    wrong = run(*words)

    assert (wrong.code, wrong.out) == (2, "")
    assert "Usage: animov" in wrong.err

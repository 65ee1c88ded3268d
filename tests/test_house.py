"""What must hold of the repository as a whole, whatever its code does."""

import importlib
import re
import subprocess
import sys
import tomllib
from importlib.metadata import distributions, packages_distributions, version
from pathlib import Path
from zipfile import ZipFile

import pytest

from api.app import create_app
from storage.engine.database import engine_for

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
ROOMS = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]

SOURCES = (".ci", ".github", "docs", "tests", *ROOMS)
TEXT = {
    "",
    ".cfg",
    ".css",
    ".example",
    ".html",
    ".js",
    ".json",
    ".mako",
    ".md",
    ".py",
    ".sql",
    ".toml",
    ".yaml",
    ".yml",
}

REPORTERS = {"posthog", "segment-analytics-python", "sentry-sdk", "snowplow-tracker", "statsd"}
"""What sends figures home; OpenTelemetry, which FastAPI and MLflow ask for, sends to whom it is told: to nobody."""

NOT_FOR_EVERYBODY = ("mlflow", "pandas", "pyarrow", "scipy", "sklearn", "statsmodels")
"""Libraries that take a second or a hundred megabytes to import."""


def files():
    """Every text file that is ours."""
    for folder in SOURCES:
        yield from (path for path in (ROOT / folder).rglob("*") if path.is_file() and path.suffix in TEXT)
    yield from (path for path in ROOT.iterdir() if path.is_file() and path.suffix in TEXT and path.name != "uv.lock")


@pytest.mark.parametrize("room", ROOMS)
def test_no_other_distribution_owns_the_name_of_a_room(room):
    assert set(packages_distributions().get(room, [])) <= {"animov"}
    assert Path(importlib.import_module(room).__file__).is_relative_to(ROOT)


def test_the_urllib3_on_disk_is_the_one_that_is_installed():
    """A fork that installs itself under the same name is seen by no package manager."""
    installed = {found.metadata["Name"].lower() for found in distributions()}
    if "urllib3" in installed:
        assert importlib.import_module("urllib3").__version__ == version("urllib3")
    assert "urllib3-future" not in installed


def test_nothing_that_reports_to_its_makers_is_installed():
    installed = {found.metadata["Name"].lower() for found in distributions()}
    assert not installed & REPORTERS


def test_the_api_tells_nobody_of_its_requests(monkeypatch):
    """FastAPI would, as soon as a variable names an exporter."""
    monkeypatch.setenv("FASTAPI_OTEL_AUTO_CONFIGURE", "true")
    app = create_app(engine=engine_for("postgresql://nowhere/none"), signing_key=bytes(32))
    assert [name for name, wanted in app._telemetry.items() if wanted] == []


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("animov.commands.whole", (*NOT_FOR_EVERYBODY, "fastapi", "numpy", "sqlalchemy")),
        ("api.app", (*NOT_FOR_EVERYBODY, "numpy")),
        ("ingest.mqtt.endpoint", (*NOT_FOR_EVERYBODY, "numpy", "sqlalchemy")),
        ("animov.edge", NOT_FOR_EVERYBODY),  # numpy is for the neck rule
        ("animov.interface", (*NOT_FOR_EVERYBODY, "numpy")),
    ],
)
def test_starting_does_not_pay_for_what_others_need(module, unwanted):
    code = f"import sys, {module}; print(*sorted(set({unwanted!r}) & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_no_file_knows_the_machine_it_was_written_on():
    folders = "home|root|Users|work|workspace|mnt|scratch"
    machine = re.compile(rf"(?:^|[^\w.}}/])/(?:{folders})/|[A-Z]:\\Users")
    found = {
        f"{path.relative_to(ROOT)}:{number}"
        for path in files()
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if machine.search(line)
    }
    assert found == set()


def test_the_wheel_holds_every_file_that_runs_need(tmp_path):
    """Code alone is not enough: Alembic reads migrations by path, the API serves its pages."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    packed = set(ZipFile(wheel).namelist())
    needed = {
        path.relative_to(ROOT).as_posix()
        for room in ROOMS
        for path in (ROOT / room).rglob("*")
        if "__pycache__" not in path.parts and path.is_file()  # others write there meanwhile
    }
    assert needed <= packed
    strangers = {name for name in packed - needed if ".dist-info/" not in name}
    assert strangers == set()
    assert any(name.endswith("licenses/LICENSE") for name in packed)


def test_every_room_is_held_by_the_import_contracts():
    contracts = PROJECT["tool"]["importlinter"]
    assert set(contracts["root_packages"]) | {"bench"} == set(ROOMS)
    assert set(PROJECT["tool"]["mypy"]["packages"]) == set(ROOMS)


def test_every_lint_rule_that_is_off_says_why():
    lines = (ROOT / "pyproject.toml").read_text("utf-8").splitlines()
    off = [line for line in lines if re.match(r'\s+"[A-Z]+\d*",', line)]
    assert off
    assert [line for line in off if "#" not in line] == []

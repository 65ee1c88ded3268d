"""The console as a browser gets it: a process of its own, that asks a real API on a real database."""

import shutil
import subprocess
import sys
from datetime import UTC, datetime
from math import cos, pi
from random import Random

import pytest
from playwright.sync_api import expect, sync_playwright
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import text
from streamlit.components.v2.component_manager import BidiComponentManager
from streamlit.testing.v1 import AppTest

from animov.lifeline import parse_ready
from api.app import create_app
from core.clock import NodeClock
from core.readings import CollarName
from core.timeline import bucket_start
from dashboards.console import client
from forecast.rolling import judging
from storage.access import users
from storage.engine import clocks, database
from storage.forecasting import issuing
from storage.herds import herd
from storage.herds.herd import During
from storage.measurements import series
from tests import databases
from tests.forecasts import issued
from tests.nodes import served, training_worker

KEY = b"0123456789abcdef0123456789abcdef"
PASSWORD = "correct horse battery"
NOW = datetime(2026, 6, 15, 12, 5, tzinfo=UTC)
LAST = int(NOW.timestamp()) // 900
DAYS = 9
PEOPLE = {"vera": "viewer", "marie": "manager", "ada": "administrator"}
DESK = {"width": 1200, "height": 900}
PATIENCE_MS = 60_000  # a run of a page takes seconds where everything runs at once
PROBED = "404 (Not Found)"  # of a page's address Streamlit tries which part is the console's


@pytest.fixture(scope="module")
def password():
    """Everybody's password."""
    return PASSWORD


@pytest.fixture(scope="module")
def now():
    """The node's time, at which its clock stands."""
    return NOW


@pytest.fixture(scope="module")
def database_url(server_url, template):
    """URL of a database for the tests of one file."""
    with databases.made(server_url, template) as url:
        yield url


@pytest.fixture(scope="module")
def engine(database_url):
    """An engine as the database's owner."""
    with databases.opened(database_url) as made:
        yield made


@pytest.fixture(scope="module")
def hasher():
    """A hash that costs next to nothing."""
    return PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))


@pytest.fixture(scope="module")
def barn(engine, hasher):
    """The farm `barn` of `PEOPLE`, with nine days of the group `laitières`; `root` runs the platform. Ids by name."""
    hashed = hasher.hash(PASSWORD)
    with engine.begin() as connection:
        clocks.write(connection, NodeClock(wall_epoch=0, sim_epoch=0, speed=1, ceiling=NOW.timestamp()))
        users.create_user(connection, "root", hashed, platform=True)
        farm = herd.ensure_farm(connection, "barn", title="La Chèvrerie", latitude=45.0, longitude=1.5)
        for name, role in PEOPLE.items():
            users.set_role(connection, users.create_user(connection, name, hashed), farm, role)
        ids = {"farm": farm, "laitières": herd.ensure_group(connection, farm, "laitières")}
        for name in ("Brune", "Noire"):
            ids[name] = herd.ensure_animal(connection, farm, name)
            herd.assign(connection, herd.ensure_collar(connection, CollarName("barn", name)), ids[name])
            herd.move(connection, ids[name], ids["laitières"], During())
            _stand(connection, ids[name])
        for one in series.ensure_series(connection, farm):
            issuing.issue(connection, [issued(one.id, LAST - age, _rhythm(LAST - age)) for age in (4, 0)])
            truth = {bucket_start(LAST - age): 0.5 for age in range(1, 5)}
            judging.hold_against(connection, farm, [one.id], {slot: {one.id: ratio} for slot, ratio in truth.items()})
    return ids


def _stand(connection, animal):
    """Windows of a daily rhythm; three hours of the day before the last are missing."""
    drawn = Random(animal)
    missing = range(LAST - 120, LAST - 108)
    rows = []
    for bucket in range(LAST - DAYS * 96, LAST):
        ratio = min(1.0, max(0.0, 0.5 - 0.3 * cos(2 * pi * bucket / 96) + drawn.gauss(0, 0.06)))
        standing = round(900 * ratio)
        if bucket not in missing:
            at = bucket_start(bucket)
            rows.append({"animal": animal, "bucket": at, "standing": standing, "ratio": standing / 900})
    statement = """INSERT INTO stored_window VALUES (:animal, :bucket, 900, 900, :standing, :ratio,
        repeat('0', 900)::bit(900), repeat('0', 900)::bit(900))"""
    connection.execute(text(statement), rows)


def _rhythm(bucket):
    """The mean of a forecast as of a bucket."""
    return [0.5 - 0.3 * cos(2 * pi * (bucket + step) / 96) for step in range(192)]


@pytest.fixture(scope="module")
def node(database_url, barn, hasher):
    """The API, served; `stop` and `start` let it go away and come back."""
    as_api = database.engine_for(database.as_role(database_url, "animov_api"))
    with served(lambda: create_app(engine=as_api, signing_key=KEY, hasher=hasher)) as made:
        yield made
    as_api.dispose()


@pytest.fixture(scope="module")
def worker(database_url, engine, tmp_path_factory):
    """A worker of trainings and answers."""
    with training_worker(database_url, engine, tmp_path_factory.mktemp("node")):
        yield


@pytest.fixture(scope="module")
def console(node):
    """Address of the console, which is a process of its own."""
    command = [sys.executable, "-m", "animov", "console", "--api", node.address, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        facts = parse_ready(process.stdout.readline())
        yield facts["console"]
        process.terminate()
        process.stdout.read()
        assert process.wait(60) == 0


@pytest.fixture(scope="module")
def chromium():
    """Debian's own browser, without a window."""
    with sync_playwright() as driver:
        expect.set_options(timeout=PATIENCE_MS)
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"], timeout=PATIENCE_MS
        )
        yield browser
        browser.close()


@pytest.fixture
def faults():
    """What the browser complained of; a test that expects complaints empties it."""
    return []


@pytest.fixture
def open_console(chromium, console, faults):
    """Open a page of the console, `(path, name, **context)`; with a name somebody logs in."""
    contexts = []

    def opened(path="", name=None, **wanted):
        usual = {"viewport": DESK, "locale": "fr-FR", "timezone_id": "America/New_York"}
        context = chromium.new_context(**usual | wanted)
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: said.type == "error" and PROBED not in said.text and faults.append(said.text))
        page.goto(f"{console}/{path}")
        if name is not None:
            enter(page, name)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert faults == []


@pytest.fixture
def log_in():
    """Log somebody in on a page that asks for it, `(page, name, password)`."""
    return enter


def enter(page, name, password=PASSWORD):
    page.get_by_label("Nom d'utilisateur").fill(name)
    page.get_by_label("Mot de passe", exact=True).fill(password)
    page.get_by_role("button", name="Se connecter").click()


@pytest.fixture(autouse=True)
def app_test(monkeypatch):
    """What `AppTest` does beside drawing: it leaves its script behind as the main module, which every process that
    multiprocessing makes would run, and looks through all that is installed for components, which takes seconds.
    """
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    monkeypatch.setattr(BidiComponentManager, "discover_and_register_components", lambda *_, **__: None)


@pytest.fixture
def drawn(node):
    """Draw a page as Streamlit's `AppTest`, `(module, name, entered)`, as somebody who is logged in.

    `entered` is what kept fields hold: a page with a field whose labels are said can't be run again by `AppTest`.
    """
    lines = []

    def draw(module, name="marie", entered=None):
        code = f"from {module} import show\nfrom dashboards.console import session\nsession.begin()\nshow()\n"
        page = AppTest.from_string(code, default_timeout=60)
        page.secrets["api"], page.secrets["language"] = node.address, "fr"
        line = client.line_to(node.address)
        lines.append(line)
        for field, value in (entered or {}).items():
            page.session_state[f"kept.{field}"] = value
        page.session_state["login"] = client.log_in(line, name, PASSWORD, "fr")
        return page.run()

    yield draw
    for line in lines:
        line.close()


@pytest.fixture
def api_as(node):
    """The API as somebody sees it, `(name)`."""
    lines = []

    def known(name):
        lines.append(client.line_to(node.address))
        return client.Api(client.log_in(lines[-1], name, PASSWORD, "fr"), "fr")

    yield known
    for line in lines:
        line.close()

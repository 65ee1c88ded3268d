"""Pictures of the light page and the console as they show the demo's farm, for the documents: `just screenshots`."""

import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from animov import demo
from animov.lifeline import parse_ready
from core.errors import UnavailableError
from core.settings import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Page

IMAGES: Final = Path(__file__).parents[1] / "docs" / "images"
BEGIN: Final = datetime(2026, 3, 10, 9, tzinfo=UTC)
"""Of the demo's time: the pictures of two runs differ by little."""

PHONE: Final = {"width": 360, "height": 740}
DESK: Final = {"width": 960, "height": 720}


class Shot(NamedTuple):
    """A picture: its name, what is clicked after logging in, and how the browser is."""

    name: str
    clicked: tuple[str, ...]
    context: dict[str, Any]


SHOTS: Final = (
    Shot("page-phone", (), {"viewport": PHONE}),
    Shot("page-group", ("#tiles a",), {"viewport": PHONE}),
    Shot("page-alert", (".summary button",), {"viewport": PHONE}),
    Shot("page-animal", ("#alerts a",), {"viewport": PHONE, "color_scheme": "dark"}),
    Shot("page-desk", (), {"viewport": DESK}),
    Shot("page-report", ("a.button",), {"viewport": DESK}),
)


class ConsoleShot(NamedTuple):
    """A picture of the console: its name, the page, what shows that it is drawn, and how the browser is."""

    name: str
    page: str
    drawn: str
    context: dict[str, Any]


CHART: Final = "[data-testid=stVegaLiteChart] :is(canvas, svg)"
CONSOLE_SHOTS: Final = (
    ConsoleShot("console-data", "", CHART, {"viewport": DESK}),
    ConsoleShot("console-models", "models", "[data-testid=stForm] input", {"viewport": DESK}),
    ConsoleShot("console-predict", "predict", CHART, {"viewport": DESK}),
    ConsoleShot("console-phone", "predict", CHART, {"viewport": PHONE}),
)


def main() -> None:
    """Run the demo in a folder of its own and keep the pictures."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder), api_port=0, mqtt_port=0, log_level="ERROR")
        with demo.living(settings, threading.Event(), _say, begin=BEGIN) as living:
            take(living)
            with console(living.node.api) as address:
                take_console(address, living.user, living.password)


def take(living: demo.Demo) -> None:
    """Keep a picture of each part of the page."""
    for shot in SHOTS:
        with _page(shot.context) as page:
            page.goto(living.node.api)
            page.locator("#username").fill(living.user)
            page.locator("#password").fill(living.password)
            page.locator("form.login button").click()
            page.locator("#notices.live").wait_for()
            for place in shot.clicked:
                page.locator(place).first.click()
            page.locator("#content[aria-busy=false] :is(.ratio, .strip, .report table)").first.wait_for()
            page.screenshot(path=IMAGES / f"{shot.name}.png")


@contextmanager
def console(api: str) -> Iterator[str]:
    """Run the console of a node for the time of a block; gives its address."""
    command = [sys.executable, "-m", "animov", "console", "--api", api, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        facts = parse_ready(process.stdout.readline()) if process.stdout else None
        if facts is None:
            raise UnavailableError("the console did not start; its own words stand above")
        try:
            yield facts["console"]
        finally:
            process.terminate()


def take_console(address: str, user: str, password: str) -> None:
    """Keep a picture of some pages of the console."""
    for shot in CONSOLE_SHOTS:
        with _page(shot.context) as page:
            page.goto(f"{address}/{shot.page}")
            page.get_by_label("Nom d'utilisateur").fill(user)
            page.get_by_label("Mot de passe", exact=True).fill(password)
            page.get_by_role("button", name="Se connecter").click()
            page.locator(shot.drawn).first.wait_for()
            page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
            page.screenshot(path=IMAGES / f"{shot.name}.png")


@contextmanager
def _page(context: dict[str, Any]) -> Iterator["Page"]:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - of the development group

    program = shutil.which("chromium")
    if program is None:
        raise UnavailableError("needs the browser Chromium: install the package chromium")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser.new_context(locale="fr-FR", **context).new_page()
        browser.close()


def _say(what: str, done: int, of: int) -> None:
    if done == of:
        sys.stderr.write(f"{what}: {of}\n")


if __name__ == "__main__":
    main()

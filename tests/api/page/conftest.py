"""The page as a browser gets it from a server of its own, which can go away and come back."""

import shutil

import pytest
from playwright.sync_api import expect, sync_playwright

from api.app import create_app
from api.watching import listening as hub_module
from api.watching import live as live_module
from tests.nodes import served

PHONE = {"width": 360, "height": 740}
PATIENCE_MS = 60_000
AT_REST = """const wait = setTimeout;
window.setTimeout = (work, ms, ...more) => (ms >= 1000 ? 0 : wait(work, ms, ...more));"""
"""What a page does by itself after a second or more it leaves: a test is as slow as its machine."""


@pytest.fixture(scope="module")
def node(api_engine, hasher, yards, signing_key):
    """The API, served."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hub_module, "TOGETHER_S", 0.01)
        patch.setattr(hub_module, "RIGHTS_S", 3600)  # that a session is over a page is to find out by what it asks for
        patch.setattr(live_module, "HEARTBEAT_S", 3600)  # at which it would read again what it could not read
        with served(lambda: create_app(engine=api_engine, signing_key=signing_key, hasher=hasher)) as made:
            yield made


@pytest.fixture(scope="module")
def chromium():
    """Debian's own browser, without a window."""
    with sync_playwright() as driver:
        expect.set_options(timeout=PATIENCE_MS)
        program = shutil.which("chromium")
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"], timeout=PATIENCE_MS)
        yield browser
        browser.close()


@pytest.fixture
def faults():
    """What the browser complained of; a test that expects complaints empties it."""
    return []


@pytest.fixture
def open_page(chromium, node, faults, password, yards):
    """Open the page as a phone does, `(path, name, **context)`; with a name somebody is logged in.

    It does nothing by itself after a second or more, unless it `is_restless`.
    """
    contexts = []

    def opened(path="/", name=None, *, is_restless=False, **wanted):
        usual = {"viewport": PHONE, "locale": "fr-FR", "timezone_id": "America/New_York"}
        context = chromium.new_context(**usual | wanted)
        context.set_default_timeout(PATIENCE_MS)
        if not is_restless:
            context.add_init_script(AT_REST)
        contexts.append(context)
        if name is not None:
            known = {"username": name, "password": password}
            answer = context.request.post(
                f"{node.address}/v1/session", data=known, headers={"X-Requested-With": "test"}
            )
            assert answer.ok
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: said.type == "error" and faults.append(said.text))
        page.goto(node.address + path)
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture
def enter(open_page, faults):
    """Open the page logged in, `(name, path, **context)`; at the end nothing may have been complained of."""

    def entered(name="barn-manager", path="/", **wanted):
        page = open_page(path, name, **wanted)
        page.locator("#notices.live").wait_for()
        page.locator("#content[aria-busy=false]").wait_for()
        return page

    yield entered
    assert faults == []

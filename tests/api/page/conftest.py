"""The page as a browser gets it from a server of its own, which can go away and come back."""

import shutil

import pytest
from playwright.sync_api import expect, sync_playwright

from api.app import create_app
from api.watching import listening as hub_module
from tests.nodes import served

PHONE = {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def node(api_engine, hasher, yards, signing_key):
    """The API, served."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hub_module, "TOGETHER_S", 0.01)
        with served(lambda: create_app(engine=api_engine, signing_key=signing_key, hasher=hasher)) as made:
            yield made


@pytest.fixture(scope="module")
def chromium():
    """Debian's own browser, without a window."""
    with sync_playwright() as driver:
        expect.set_options(timeout=60_000)
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def faults():
    """What the browser complained of; a test that expects complaints empties it."""
    return []


@pytest.fixture
def open_page(chromium, node, faults, password, yards):
    """Open the page as a phone does, `(path, name, **context)`; with a name somebody is logged in."""
    contexts = []

    def opened(path="/", name=None, **wanted):
        usual = {"viewport": PHONE, "locale": "fr-FR", "timezone_id": "America/New_York"}
        context = chromium.new_context(**usual | wanted)
        context.set_default_timeout(15_000)
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
        return page

    yield entered
    assert faults == []

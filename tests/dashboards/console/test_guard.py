"""What stands before Streamlit: no page of another origin, a name for each browser, nothing loaded from elsewhere."""

import subprocess
import sys

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from dashboards.console.guard import Guard
from dashboards.console.remembering import COOKIE

PAGE = {"Accept": "text/html"}


async def _page(request):
    return HTMLResponse(request.headers.get("origin", "none"))


async def _socket(websocket):
    await websocket.accept()
    await websocket.send_text(websocket.headers["origin"])
    await websocket.close()


@pytest.fixture
def guarded():
    app = Starlette(routes=[Route("/", _page), WebSocketRoute("/stream", _socket)])
    with TestClient(Guard(app), base_url="http://barn.local:8501") as client:
        yield client


@pytest.mark.parametrize("origin", ["http://evil.example", "http://barn.local", "http://barn.local:8502", "null"])
def test_a_page_of_another_origin_gets_nothing(guarded, origin):
    assert guarded.get("/", headers={"Origin": origin}).status_code == 403
    with pytest.raises(WebSocketDisconnect), guarded.websocket_connect("/stream", headers={"Origin": origin}):
        pass


@pytest.mark.parametrize("origin", ["http://barn.local:8501", "https://barn.local:8501"])
def test_its_own_page_gets_in_by_whatever_name_the_machine_is_called(guarded, origin):
    assert guarded.get("/", headers={"Origin": origin}).text == "http://localhost"
    headers = {"Origin": origin, "Host": "barn.local:8501"}
    with guarded.websocket_connect("/stream", headers=headers) as stream:
        assert stream.receive_text() == "http://localhost"


def test_a_browser_is_named_once_by_a_cookie_that_no_script_reads(guarded):
    first = guarded.get("/", headers=PAGE)
    told = first.headers["set-cookie"]
    assert told.startswith(f"{COOKIE}=")
    assert "HttpOnly; SameSite=Strict" in told
    assert "Secure" not in told
    assert len(first.cookies[COOKIE]) >= 40
    assert "set-cookie" not in guarded.get("/", headers=PAGE).headers
    guarded.cookies.clear()
    assert "set-cookie" not in guarded.get("/").headers
    assert "; Secure" in guarded.get("https://barn.local:8501/", headers=PAGE).headers["set-cookie"]


def test_a_page_may_load_nothing_from_elsewhere(guarded):
    policy = dict(rule.split(maxsplit=1) for rule in guarded.get("/").headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert not [rule for rule in policy.values() if "http" in rule or "*" in rule]


def test_without_streamlit_the_command_says_what_to_install():
    hidden = "import sys; sys.modules['streamlit'] = None; sys.argv = ['animov', 'console', '--port', '0']"
    code = f"{hidden}; from animov.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "uv sync --extra console" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_console_ends_with_who_started_it(tmp_path):
    """The lifeline is its standard input."""
    command = [sys.executable, "-m", "animov", "console", "--port", "0", "--api", "http://127.0.0.1:9"]
    environment = {"ANIMOV_LIFELINE": "0", "PATH": "", "HOME": str(tmp_path)}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True
    ) as process:
        address = process.stdout.readline().strip().removeprefix("ready console=")
        assert httpx2.get(f"{address}/_stcore/health", timeout=60).text == "ok"
        process.stdin.close()
        assert process.wait(60) == 1

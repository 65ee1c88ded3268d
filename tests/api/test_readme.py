"""What the README shows of the API works as it stands there, but for the address and the password."""

import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import uvicorn

from api.app import create_app
from api.listener import listening
from storage.access import users

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
SHOWN = re.search(r"^## Ask it\n(.+?)^## ", README, re.MULTILINE | re.DOTALL)[1]
BLOCKS = {kind: re.findall(rf"^```{kind}\n(.+?)^```", SHOWN, re.MULTILINE | re.DOTALL) for kind in ("sh", "python")}


class Server(uvicorn.Server):
    """Serves in a thread; live listeners are told to come again."""

    def __init__(self, app):
        super().__init__(uvicorn.Config(app, log_config=None, access_log=False, lifespan="on"))
        self.hub = app.state.live

    async def shutdown(self, sockets=None):
        self.hub.close()
        await super().shutdown(sockets)


@pytest.fixture(scope="module")
def address(api_engine, engine, yard_of, hasher, signing_key, password):
    """A server with a farm `demo` and a person of that name; its stream of news ends after a second."""
    yard = yard_of("demo")
    with engine.begin() as connection:
        users.set_role(connection, users.create_user(connection, "demo", hasher.hash(password)), yard.farm_id, "viewer")
    app = create_app(engine=api_engine, signing_key=signing_key, hasher=hasher, live_s=1)
    app.openapi()  # as a server that has settled; a machine full of tests takes longer than clients wait
    with listening("127.0.0.1", 0) as listener:
        server = Server(app)
        serving = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        serving.start()
        host, port = listener.getsockname()
        yield f"http://{host}:{port}"
        server.should_exit = True
        serving.join()


@pytest.fixture
def run(address, password, tmp_path):
    """Run a program that the README shows, in an empty folder; returns what it printed, and what it warned of."""

    def start(command, shown):
        told = shown.replace("http://127.0.0.1:8000", address).replace("PASSWORD", password)
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            [*command, told], cwd=tmp_path, env={**os.environ, "PATH": path, "MPLBACKEND": "Agg"},
            capture_output=True, text=True, timeout=200, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout, done.stderr

    return start


@pytest.mark.curl
def test_the_tour_of_the_api_leads_where_it_says(run):
    tour, _ = BLOCKS["sh"]
    said, _ = run(["bash", "-euo", "pipefail", "-c"], tour)

    for found in ('"name":"demo"', '"standing_ratio":', '"issued_at":', "lower80,upper80,", '"live":', '"deviation"'):
        assert found in said, found
    assert said.rstrip().endswith('data: {"why": "long"}')


@pytest.mark.curl
def test_a_notebook_has_a_chart_of_a_forecast_and_a_client_with_types(run, tmp_path):
    chart, client = BLOCKS["python"]
    _, generate = BLOCKS["sh"]
    _, warnings = run(["bash", "-euo", "pipefail", "-c"], generate.removeprefix("uvx "))
    shown, _ = run([sys.executable, "-c"], f"{chart}\nchart.figure.savefig('chart.png')\n{client}")

    assert (tmp_path / "chart.png").read_bytes().startswith(b"\x89PNG")
    assert re.fullmatch(r"20\d\d-\d\d-\d\d .+ 0\.25\n", shown)
    assert warnings.count("WARNING") == warnings.count("Unsupported content")  # files and pictures, nothing else
    assert "will not be generated" not in warnings  # an upload has a function too
    assert "Unable to process" not in warnings

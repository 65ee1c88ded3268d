"""Real processes: a node that is up with a port for its database fills a server, whose data source logs in there."""

import os
import signal
import subprocess
import sys

import psycopg
import pytest

from animov.lifeline import parse_ready
from core.settings import Settings
from storage.upkeep.provision import find_access
from tests.dashboards.grafana import TOKEN, running

FARM = "barn"


@pytest.fixture
def animov(tmp_path):
    """Runs a command for the node of this folder; without settings of whoever runs the tests."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANIMOV_")}
    environment |= {"ANIMOV_DATA_DIR": str(tmp_path), "ANIMOV_LOG_LEVEL": "WARNING", "ANIMOV_GRAFANA_TOKEN": TOKEN}

    def start(*words):
        argv = [sys.executable, "-m", "animov", *words]
        return subprocess.Popen(argv, env=environment, cwd=tmp_path, stdout=subprocess.PIPE, text=True)

    def run(*words):
        with start(*words) as process:
            said, _ = process.communicate(timeout=120)
            assert process.returncode == 0, said
        return said

    with start("up", "--mqtt-port", "0", "--api-port", "0", "--db-port", "0") as node:
        try:
            assert parse_ready(node.stdout.readline())
            yield run
            node.send_signal(signal.SIGTERM)
            assert node.wait(60) == 0
        finally:
            node.kill()


def test_a_node_fills_a_server_whose_data_source_reads_that_farm_alone(animov, tmp_path):
    animov("collar", "add", f"{FARM}/tag-1", "--mount", "leg", "--animal", "Brune", "--group", "dairy")
    with psycopg.connect(find_access(Settings(data_dir=tmp_path)).owner) as connection:
        connection.execute("INSERT INTO farm (name) VALUES ('other')")
    with running() as grafana:
        push = ("dashboards", "push", "--farm", FARM, "--url", grafana.url)
        said = animov(*push)
        assert said.count("wrote") == grafana.writes == 10
        assert animov(*push) == "everything is there as it should be\n"
        assert grafana.writes == 10
        (source,) = grafana.first.sources.values()
        (password,) = grafana.first.passwords

    host, _, port = source["url"].partition(":")
    login = {"user": source["user"], "password": password, "dbname": source["jsonData"]["database"]}
    with psycopg.connect(host=host, port=port, sslmode=source["jsonData"]["sslmode"], **login) as connection:
        assert connection.execute("SELECT session_user, name FROM panel.farm").fetchall() == [
            (f"animov_ro_{FARM}", FARM)
        ]
        (group,) = connection.execute("SELECT id FROM panel.animal_group").fetchone()
        animals = connection.execute("SELECT animal FROM panel.habits(%s)", (group,)).fetchall()
        assert animals == [("Brune",)]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT FROM public.farm")

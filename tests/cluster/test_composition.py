"""docker-compose.yml as processes: the same commands, settings, secrets and configuration, each host this one.

What docs/operations.md has an operator type is what is typed here, to a `docker` that starts processes. Where an engine
would be needed nothing is tried: images, networks, volumes, limits. The database gets TimescaleDB's extension where the
server has it.
"""

import asyncio
import getpass
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from contextlib import ExitStack, suppress
from pathlib import Path

import psycopg
import pytest
import yaml

from animov.ports import free_port
from bench import kafka_records
from bench.kafka import Kafka
from bench.waiting import wait_until
from storage import embedded
from storage.embedded import secrets

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
SERVICES = COMPOSE["services"]
PAGE = (ROOT / "docs" / "operations.md").read_text("utf-8")
LONGEST_S = 300
"""For which anything is waited on a busy machine."""

DOCKER = """#!{python}
import json, os, sys

with open({known!r}) as file:
    known = json.load(file)
verb, *rest = (word for word in sys.argv[2:] if word != "--detach")
name = next((word for word in rest if word in known), None)
if verb in ("run", "exec") and name != "kafka":
    command = rest[rest.index(name) + 1 :]
    for there, here in known[name]["here"].items():
        command = [word.replace(there, here) for word in command]
    os.execvpe(command[0], command, known[name]["environment"])
"""
"""Runs a command as a service would; to all else, and to Kafka's own tools, it says nothing."""

pytestmark = [pytest.mark.kafka, pytest.mark.mosquitto, pytest.mark.timeout(900)]


def typed(heading):
    """What the page has an operator type under a heading, block by block."""
    section = re.search(rf"^## {heading}\n(.+?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE).group(1)
    return re.findall(r"```sh\n(.*?)```", section, re.DOTALL)


class Part:
    """One process of a service, with a port of its own for its health, and what it says in a file."""

    def __init__(self, region, name, *more):
        self.name, self.port = name, free_port("127.0.0.1")
        self.said = region.folder / f"{name}-{self.port}.log"
        with self.said.open("wb") as said:
            self.process = subprocess.Popen(
                [*region.argv(name), *more],
                env={**region.environment(name), "ANIMOV_METRICS_PORT": str(self.port)},
                cwd=region.folder,
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
                start_new_session=True,
            )

    def end(self):
        """Tell it to end, as an engine does, and wait until nobody of it is left; return how it did and its errors."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(LONGEST_S)
        wait_until(lambda: not self.has_left_somebody(), LONGEST_S)
        return self.name, code, self.complaints()

    def kill(self):
        if self.has_left_somebody() or self.process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()

    def has_left_somebody(self):
        """Whether any process that it has started is still there."""
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def complaints(self):
        """Errors that it told of; Kafka's client calls a Kafka that has just begun one."""
        lines = (json.loads(line) for line in self.said.read_text().splitlines() if line.startswith("{"))
        errors = [line for line in lines if line["level"] in {"error", "critical"}]
        return [error for error in errors if not error["module"].startswith("aiokafka.")]


class Region:
    """The parts as processes in one folder, each with what its service names."""

    def __init__(self, folder, stack):
        self.folder, self._stack = folder, stack
        self.started = []
        self.ports = {name: free_port("127.0.0.1") for name in ("mosquitto:8883", "mosquitto:8884", "mlflow:5000")}
        self.postgres, self.api, self.console = {}, 8000, 8501

    def knows(self, name, port):
        self.ports[name] = port

    @property
    def _here(self):
        """What stands in the composition, and here."""
        own = self.ports
        return {
            **{name: f"localhost:{port}" for name, port in own.items()},
            "listener 8883": f"listener {own['mosquitto:8883']} 127.0.0.1\nuser {getpass.getuser()}",
            "listener 8884": f"listener {own['mosquitto:8884']} 127.0.0.1",
            "in 8883 8884": f"in {own['mosquitto:8883']} {own['mosquitto:8884']}",
            "-h mosquitto": "-h localhost",
            "--host 0.0.0.0 --port 5000": f"--host 127.0.0.1 --port {own['mlflow:5000']}",
            "0.0.0.0": "127.0.0.1",
            "127.0.0.1:5000": f"127.0.0.1:{own['mlflow:5000']}",
            "127.0.0.1:8000": f"127.0.0.1:{self.api}",
            "api:8000": f"127.0.0.1:{self.api}",
            "127.0.0.1:8501": f"127.0.0.1:{self.console}",
            "/mosquitto/config": str(self.folder / "config"),
            "/mosquitto/passwords": str(self.folder / "passwords"),
            "/mosquitto/data": str(self.folder / "mosquitto"),
            "/passwords/": f"{self.folder / 'passwords'}/",
            "/artefacts": str(self.folder / "artefacts"),
            "mosquitto -c": f"{shutil.which('mosquitto', path='/usr/sbin:/usr/bin:/usr/local/sbin')} -c",
            "$$": "$",
        }

    def here(self, said):
        kept = re.compile("|".join(map(re.escape, sorted(self._here, key=len, reverse=True))))
        return kept.sub(lambda found: self._here[found.group()], said)

    def configure(self, config, file):
        file.parent.mkdir(exist_ok=True)
        said = self.here(COMPOSE["configs"][config]["content"])
        file.write_text(said.replace("/run/secrets", str(self.folder / "secrets")))
        return file

    def given(self, name):
        """The folder of a service's secrets; one that it has not been given is not there for it."""
        given = self.folder / f"secrets-of-{name}"
        given.mkdir(exist_ok=True)
        for one in SERVICES[name].get("secrets", []):
            source, target = (one["source"], one["target"]) if isinstance(one, dict) else (one, one)
            known = self.folder / "secrets" / source
            if known.exists() and not (given / target).exists():
                (given / target).write_text(self.here(known.read_text()))
        return given

    def environment(self, name):
        given = str(self.given(name))
        said = {
            key: self.here(str(value)).replace("/run/secrets", given)
            for key, value in SERVICES[name].get("environment", {}).items()
        }
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        kept = {key: value for key, value in os.environ.items() if not key.startswith("ANIMOV_")}
        return {
            **kept, "PATH": path, **said, **(self.postgres if name == "timescaledb" else {}),
            "CREDENTIALS_DIRECTORY": given, "ANIMOV_DATA_DIR": f"{given}/data",
        }  # fmt: skip

    def argv(self, name, command=None):
        given = str(self.given(name))
        return [self.here(word).replace("/run/secrets", given) for word in command or SERVICES[name]["command"]]

    def start(self, name, *more):
        part = Part(self, name, *more)
        self._stack.callback(part.kill)
        self.started.append(part)
        return part

    def end(self):
        """End all that was started, the last one first; each in order, and nothing of it stays."""
        ended = [part.end() for part in reversed(self.started)]
        assert ended == [(part.name, 0, []) for part in reversed(self.started)]
        self.started.clear()

    def types(self, lines):
        """Type what the page says; the farm's services are known by then."""
        known = {
            name: {
                "environment": self.environment(name),
                "here": {"/run/secrets": str(self.given(name)), "/backups": str(self.folder / "backups")},
            }
            for name in SERVICES
        }
        (self.folder / "known.json").write_text(json.dumps(known))
        docker = self.folder / "bin" / "docker"
        docker.parent.mkdir(exist_ok=True)
        docker.write_text(DOCKER.format(python=sys.executable, known=str(self.folder / "known.json")))
        docker.chmod(0o755)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", lines],
            cwd=self.folder,
            env={**os.environ, "NAME": "localhost", "PATH": f"{docker.parent}:{os.environ['PATH']}"},
            input="a long password\na long password\n",
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def is_well(self, name):
        kind, *command = SERVICES[name]["healthcheck"]["test"]
        command = ["sh", "-c", *command] if kind == "CMD-SHELL" else command
        ports = [part.port for part in self.started if part.name == name] or [0]
        return all(
            subprocess.run(
                [word.replace("127.0.0.1:9464", f"127.0.0.1:{port}") for word in self.argv(name, command)],
                env=self.environment(name),
                cwd=self.folder,
                capture_output=True,
                check=False,
            ).returncode
            == 0
            for port in ports
        )

    def is_to_be_well(self, *names):
        for name in names:
            try:
                wait_until(lambda name=name: self.is_well(name), LONGEST_S, look_again_s=0.5)
            except TimeoutError:
                said = [part.said.read_text()[-2000:] for part in self.started if part.name == name]
                raise AssertionError(f"{name} is not well: {said}") from None


def make_databases(region, stack):
    """Run a server, and on it what the composition's server runs when it is made."""
    address = stack.enter_context(embedded.running(region.folder / "server", db_port=0))
    superuser = secrets.load(region.folder / "server").superuser
    script = region.configure("databases", region.folder / "config" / "databases.sh").read_text()
    with psycopg.connect(address.url("postgres", superuser, "postgres")) as connection:
        if not connection.execute("SELECT FROM pg_available_extensions WHERE name = 'timescaledb'").fetchone():
            script = script.replace("CREATE EXTENSION IF NOT EXISTS timescaledb;", "")
    as_superuser = {
        "PGHOST": "127.0.0.1", "PGPORT": str(address.tcp_port), "PGUSER": "postgres", "PGPASSWORD": superuser,
        "PATH": f"{Path(embedded.program('psql')).parent}:{os.environ['PATH']}",
    }  # fmt: skip
    subprocess.run(["sh", "-c", script], env=as_superuser, check=True)
    region.postgres = as_superuser
    region.knows("timescaledb:5432", address.tcp_port)


def make_kafka(region, stack):
    said = SERVICES["kafka"]["environment"]
    settings = {
        name.removeprefix("KAFKA_").lower().replace("_", "."): value
        for name, value in said.items()
        if name.startswith("KAFKA_") and name != "KAFKA_HEAP_OPTS"
    }
    text = "".join(f"{name}={value}\n" for name, value in settings.items())
    for there, here in {
        "PLAINTEXT://:9092": "PLAINTEXT://127.0.0.1:{broker}",
        "CONTROLLER://:9093": "CONTROLLER://127.0.0.1:{controller}",
        "kafka:9092": "127.0.0.1:{broker}",
        "kafka:9093": "127.0.0.1:{controller}",
        "/var/lib/kafka/data": "{folder}",
    }.items():
        assert there in text
        text = text.replace(there, here)
    kafka = Kafka(region.folder / "kafka", *text.splitlines())
    kafka.start()
    stack.callback(kafka.kill)
    region.knows("kafka:9092", kafka.port)


@pytest.fixture
def region(tmp_path):
    with ExitStack() as stack:
        made = Region(tmp_path, stack)
        for name in ("mosquitto", "passwords", "artefacts"):
            (tmp_path / name).mkdir()
        made.types(typed("Begin")[0])
        make_databases(made, stack)
        make_kafka(made, stack)
        made.configure("mosquitto", tmp_path / "config" / "mosquitto.conf")
        made.configure("mosquitto_acl", tmp_path / "config" / "acl")
        yield made


def ask(region, path, token):
    request = urllib.request.Request(
        f"http://127.0.0.1:{region.api}{path}", headers={"Authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def start_api(region):
    api = region.start("api", "--api-port", "0")
    region.api = int(re.search(r"api=http://127.0.0.1:(\d+)", api.process.stdout.readline()).group(1))
    region.is_to_be_well("api")


def start_console(region):
    console = region.start("console", "--port", "0")
    region.console = int(re.search(r"console=http://127.0.0.1:(\d+)", console.process.stdout.readline()).group(1))
    region.is_to_be_well("console")


def windows(region, key):
    path = "/v1/farms/barn/windows?from=2026-05-01T00:00:00Z&to=2026-05-02T00:00:00Z"
    return [(one["bucket"], one["standing_ratio"]) for one in ask(region, path, key)["items"]]


def test_what_a_collar_says_to_mosquitto_is_read_from_the_api_and_restored_from_a_backup(region):
    region.is_to_be_well("timescaledb")
    region.types("docker compose run prepare " + " ".join(SERVICES["prepare"]["command"]))
    region.start("mlflow")
    region.start("passwords")
    region.is_to_be_well("passwords")
    region.start("mosquitto")
    for name in ("bridge", "stream", "stream", "forecast"):
        region.start(name)
    start_api(region)
    start_console(region)
    region.is_to_be_well("mosquitto", "bridge", "stream", "forecast", "mlflow")

    added = region.types(typed("Begin")[1])
    password = re.search("MQTT password (.+)", added).group(1)
    publish = [
        "mosquitto_pub", "-h", "localhost", "-p", str(region.ports["mosquitto:8883"]), "-q", "1",
        "--cafile", str(region.folder / "secrets" / "tls_authority"), "-u", "barn/tag-1", "-P", password,
        "-t", "animov/v1/barn/tag-1/posture", "-m",
        '{"t0": "2026-05-01T08:00:00Z", "t1": "2026-05-01T08:15:00Z", "posture": "standing"}',
    ]  # fmt: skip
    wait_until(lambda: subprocess.run(publish, capture_output=True, check=False).returncode == 0, LONGEST_S)
    key = json.loads(region.types("docker compose run stream animov key add barn --name vet --scope read --json"))[
        "key"
    ]
    wait_until(lambda: windows(region, key), LONGEST_S, look_again_s=0.1)
    assert windows(region, key) == [("2026-05-01T08:00:00Z", 1.0)]

    region.types(typed("Grafana")[0])
    user, password = ((region.folder / "secrets" / f"reader_{what}").read_text() for what in ("user", "password"))
    with psycopg.connect(
        host="127.0.0.1", port=region.ports["timescaledb:5432"], dbname="animov", user=user, password=password
    ) as reader:
        assert reader.execute("SELECT standing_ratio FROM posture_window").fetchall() == [(1.0,)]

    back_up, restore = typed("Backup and restore")
    region.types(back_up)
    region.end()
    unread = kafka_records.left_behind(f"127.0.0.1:{region.ports['kafka:9092']}", "animov.readings.v1", "animov")
    assert asyncio.run(unread) == 0
    region.types(restore)
    start_api(region)
    assert windows(region, key) == [("2026-05-01T08:00:00Z", 1.0)]
    region.end()

    upgrade = typed("Upgrade")[0]
    region.types(upgrade)

"""The files for containers: what holds of them without an engine, on the model that Docker's Compose makes of them."""

import json
import os
import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
import typer
import typer.main
import yaml

from animov.commands.whole import app
from api.serving import _LAST_ANSWERS_S as API_LEAVES_S
from core.settings import PREFIX, Settings
from ingest.subscription import Subscription
from storage.schema.guarding import GUARD
from storage.schema.hypertables import _MAKE_HASHABLE
from stream.cluster.worker import _LEAVE_S as WORKER_LEAVES_S

ROOT = Path(__file__).parents[2]
FILES = {"one broker": ["docker-compose.yml"], "three": ["docker-compose.yml", "docker-compose.three-brokers.yml"]}
PAGE = (ROOT / "docs" / "operations.md").read_text("utf-8")
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
OURS = "animov:local"
ENDS = {"prepare"}
"""Parts that do their work and end."""
NO_ROOT = {"apache/kafka": "appuser", "grafana/grafana": "472", OURS.partition(":")[0]: "10001"}
"""Images that name a user themselves."""
PUBLISHED = {
    "mosquitto": [(None, "8883")],
    "api": [("127.0.0.1", "8000")],
    "console": [("127.0.0.1", "8501")],
    "grafana": [("127.0.0.1", "3000")],
}
OUTWARD = {"mosquitto", "api", "console", "forecast", "grafana"}
"""Who may be in a network that leads beyond the host."""

pytestmark = pytest.mark.composition


def program(name):
    return Path(sys.executable).parent / name


def composed(files, *words):
    """What Compose says, without an engine and without a word of complaint."""
    named = [word for file in files for word in ("--file", ROOT / file)]
    argv = [program("docker-compose"), *named, "--profile", "*", "config", *words]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@cache
def model(name):
    return json.loads(composed(FILES[name], "--format", "json", "--no-path-resolution"))


def parts(name):
    return model(name)["services"].items()


@pytest.fixture(params=FILES)
def region(request):
    return request.param


def parsed(words):
    """Follow a command line to its end, running nothing; click refuses what is none."""
    command, context = typer.main.get_command(app), None
    args = list(words)
    while True:
        context = command.make_context(command.name or "animov", args, parent=context)
        if not hasattr(command, "resolve_command"):
            return
        _, command, args = command.resolve_command(context, [*context._protected_args, *context.args])


@pytest.mark.parametrize("words", [["db", "reader"], ["db", "nothing"], ["ingest", "--to", "nowhere"], ["stream", "x"]])
def test_a_wrong_command_line_is_known_for_one(words):
    with pytest.raises(typer.BadParameter.__base__):
        parsed(words)


def test_compose_takes_the_files(region):
    composed(FILES[region], "--quiet")


def test_each_image_is_built_here_or_of_one_version(region):
    for name, part in parts(region):
        image, _, tag = part["image"].partition(":")
        assert part["image"] == OURS if "build" in part else re.fullmatch(r"\d+\.\d+\.\d+(-\w+)?", tag), name
    for image in re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE):
        assert re.fullmatch(r"python:\d+\.\d+\.\d+-slim", image)
    assert re.search(r"pip install --no-cache-dir uv==\d", DOCKERFILE)


def test_each_part_is_started_again_and_says_whether_it_is_well_but_those_that_end(region):
    for name, part in parts(region):
        assert part["restart"] == ("no" if name in ENDS else "unless-stopped"), name
        assert (name in ENDS) is not ("healthcheck" in part), name
        assert name in ENDS or "start_period" in part["healthcheck"], name
        for other, wanted in part.get("depends_on", {}).items():
            how = "service_completed_successfully" if other in ENDS else "service_healthy"
            assert wanted["condition"] == how, (name, other)


def seconds(span):
    return sum(int(count) * {"m": 60, "s": 1}[unit] for count, unit in re.findall(r"(\d+)([ms])", span))


def test_each_part_is_given_time_to_end(region):
    """Longer than it takes by its own rules; the default is 10 s."""
    takes = {
        "bridge": Subscription().drain_s,
        "stream": WORKER_LEAVES_S, "api": API_LEAVES_S,
        **dict.fromkeys(("kafka", "kafka-2", "kafka-3", "timescaledb", "forecast"), 90), "mosquitto": 30,
    }  # fmt: skip
    for name, part in parts(region):
        assert seconds(part.get("stop_grace_period", "10s")) > takes.get(name, 0) + 5, name


def bytes_of(heap):
    return int(heap[:-1]) * {"m": 2**20, "g": 2**30}[heap[-1]]


def test_what_parts_may_take_is_bounded_and_told(region):
    memory = sum(int(part["mem_limit"]) for _, part in parts(region)) / 2**30
    processors = sum(part["cpus"] for _, part in parts(region))
    if region == "one broker":
        assert f"add up to {memory:g} GiB of memory and {processors:g} processors" in PAGE
        assert f"So: {max(part['cpus'] for _, part in parts(region)):g} processors" in PAGE
        return
    alone = [part for _, part in parts("one broker")]
    memory -= sum(int(part["mem_limit"]) for part in alone) / 2**30
    processors -= sum(part["cpus"] for part in alone)
    assert f"It asks for {memory:g} GiB and {processors:g} processors more" in PAGE


def test_nobody_has_rights_that_it_does_not_need(region):
    for name, part in parts(region):
        assert part["cap_drop"] == ["ALL"], name
        assert part["security_opt"] == ["no-new-privileges:true"], name
        assert not {"privileged", "cap_add", "network_mode", "pid", "devices"} & part.keys(), name
        user = part.get("user", NO_ROOT.get(part["image"].partition(":")[0], "root"))
        assert user.partition(":")[0] not in {"root", "0"}, name
        assert part.get("read_only", False) is (part["image"] == OURS), name
        # Compose copies such a configuration into the container, which one that is read only refuses
        inline = [
            one["source"] for one in part.get("configs", []) if "content" in model(region)["configs"][one["source"]]
        ]
        assert not (inline and part.get("read_only")), name
    assert re.findall(r"^USER (\S+)", DOCKERFILE, re.MULTILINE) == [NO_ROOT["animov"]]


def test_only_what_is_meant_to_be_is_published(region):
    published = {
        name: [(port.get("host_ip"), port["published"]) for port in part["ports"]]
        for name, part in parts(region)
        if "ports" in part
    }
    assert published == PUBLISHED


def test_only_those_who_need_each_other_can_reach_each_other(region):
    """Kafka and MLflow ask for no password."""
    inner = {name for name, network in model(region)["networks"].items() if network.get("internal")}
    within = {name: set(part["networks"]) for name, part in parts(region)}
    assert {name for name, networks in within.items() if networks - inner} <= OUTWARD
    for alone, friends in {
        "kafka": {"bridge", "stream", "kafka-2", "kafka-3"},
        "mlflow": {"forecast", "timescaledb"},
        "mosquitto": {"bridge"},
    }.items():
        assert {name for name, networks in within.items() if networks & within[alone]} - {alone} <= friends
    for name, part in parts(region):
        for other in part.get("depends_on", {}):
            volumes = [
                {volume["source"] for volume in model(region)["services"][one].get("volumes", [])}
                for one in (name, other)
            ]
            assert within[name] & within[other] or volumes[0] & volumes[1], (name, other)


def test_whatever_is_declared_is_used(region):
    """Compose refuses what is used and not declared."""
    used = {kind: set() for kind in ("secrets", "configs", "networks", "volumes")}
    for _, part in parts(region):
        for kind in ("secrets", "configs", "volumes"):
            used[kind] |= {one["source"] for one in part.get(kind, []) if one.get("type") != "bind"}
        used["networks"] |= set(part["networks"])
    assert {kind: set(model(region)[kind]) for kind in used} == used


def test_of_this_folder_parts_see_what_is_committed_and_change_nothing(region):
    for _, part in parts(region):
        for volume in part.get("volumes", []):
            if volume["type"] == "bind":
                assert volume["read_only"]
                assert volume["source"].startswith("./dashboards/")
                assert (ROOT / volume["source"]).is_dir()


def test_what_our_image_writes_to_is_its_own(region):
    """A new volume takes owner and rights from the folder of the image that it covers; there has to be one."""
    lines = re.findall(r"install --directory --owner=animov --mode=\d+ (.+?)(?: \\)?$", DOCKERFILE, re.MULTILINE)
    made = {folder for line in lines for folder in line.split()}
    for name, part in parts(region):
        if part["image"] == OURS:
            assert {volume["target"] for volume in part.get("volumes", [])} <= made, name


def test_the_superuser_does_what_our_owner_may_not():
    script = model("one broker")["configs"]["databases"]["content"].replace("$$", "$")
    for statement in (_MAKE_HASHABLE, GUARD):
        assert " ".join(str(statement).split()) in " ".join(script.split())


def test_each_setting_is_one_of_ours(region):
    fields = Settings.model_fields
    for name, part in parts(region):
        environment = part.get("environment", {})
        said = {key.removeprefix(PREFIX).lower(): value for key, value in environment.items() if key.startswith(PREFIX)}
        assert said.keys() <= fields.keys(), name
        Settings(**said)
        targets = {Path(one["target"]).name for one in part.get("secrets", [])}
        assert {one.removeprefix("animov_") for one in targets if one.startswith("animov_")} <= fields.keys(), name
        assert not [key for key in environment if re.search("PASSWORD|SECRET|TOKEN", key) and "FILE" not in key], name


def test_each_command_line_is_one_of_ours(region):
    ours = [part["command"] for _, part in parts(region) if part["image"] == OURS and part["command"][0] == "animov"]
    assert len(ours) >= len(["passwords", "bridge", "stream", "prepare", "forecast", "api"])
    for words in ours:
        parsed(words[1:])


def test_each_bridge_has_a_name_that_stays(region):
    """Mosquitto keeps a share of what comes for each name that it has seen, whether it ever comes back or not."""
    commands = [part["command"] for name, part in parts(region) if name.startswith("bridge")]
    names = [words[words.index("--client-id") + 1] for words in commands]
    assert len(set(names)) == len(names) == 1
    assert all(re.fullmatch(r"bridge-\d", name) for name in names)


def test_brokers_know_each_other_and_have_room(region):
    brokers = {name: part for name, part in parts(region) if name.startswith("kafka")}
    said = {name: part["environment"] for name, part in brokers.items()}
    voters = ",".join(f"{one['KAFKA_NODE_ID']}@{name}:9093" for name, one in sorted(said.items()))
    copies = {"one broker": 1, "three": 3}[region]
    assert len(brokers) == len({one["KAFKA_NODE_ID"] for one in said.values()}) == copies
    assert len({part["volumes"][0]["source"] for part in brokers.values()}) == copies
    for name, one in said.items():
        assert one["KAFKA_CONTROLLER_QUORUM_VOTERS"] == voters
        assert one["KAFKA_ADVERTISED_LISTENERS"] == f"PLAINTEXT://{name}:9092"
        assert one["KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR"] == str(copies)
        assert int(one.get("KAFKA_MIN_INSYNC_REPLICAS", 1)) == copies // 2 + 1
        days = int(one["KAFKA_LOG_RETENTION_HOURS"]) // 24
        told = re.search(r"\| `kafka` \| keeps packed readings for (\w+) days \|", PAGE).group(1)
        assert told == {3: "three", 7: "seven", 14: "fourteen"}[days]
        heap = re.search(r"-Xmx(\w+)", one["KAFKA_HEAP_OPTS"]).group(1)
        assert 2 * bytes_of(heap) <= int(brokers[name]["mem_limit"])
    for name, part in parts(region):
        if name.startswith("bridge") or name == "stream":
            environment = part["environment"]
            assert environment["ANIMOV_KAFKA_BROKERS"] == ",".join(f"{one}:9092" for one in sorted(brokers))
            assert int(environment.get("ANIMOV_KAFKA_COPIES", 1)) == copies
            assert brokers.keys() <= part["depends_on"].keys()


def test_grafana_logs_in_as_the_reader_of_a_farm_and_asks_nobody_else():
    (source,) = yaml.safe_load((ROOT / "dashboards/provisioning/datasources/animov.yaml").read_text())["datasources"]
    files = {source["user"], source["secureJsonData"]["password"]}
    grafana = model("one broker")["services"]["grafana"]
    given = {f"$__file{{{secret['target']}}}" for secret in grafana["secrets"]}
    assert files < given
    assert source["url"].partition(":")[0] in grafana["depends_on"]
    assert source["jsonData"]["database"] == "animov"  # the top-level one is ignored
    assert all(value == "false" for key, value in grafana["environment"].items() if "ANALYTICS" in key or "NEWS" in key)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_grafana_is_filled_from_the_files_of_a_language(language, monkeypatch):
    monkeypatch.setenv("GRAFANA_LANGUAGE", language)
    monkeypatch.setenv("GRAFANA_MAILS", "marie@example.org;paul@example.org")
    said = json.loads(composed(FILES["one broker"], "--format", "json", "--no-path-resolution"))
    grafana = said["services"]["grafana"]
    mounted = {volume["target"]: ROOT / volume["source"] for volume in grafana["volumes"] if volume["type"] == "bind"}
    provisioning = "/etc/grafana/provisioning"
    (provider,) = yaml.safe_load(next((mounted[f"{provisioning}/dashboards"]).glob("*.yaml")).read_text())["providers"]
    rules = json.loads((mounted[f"{provisioning}/alerting"] / "rules.json").read_text())

    assert {path.stem for path in mounted[provider["options"]["path"]].glob("*.json")} >= {"home", "group", "animal"}
    assert mounted[provider["options"]["path"]].name == mounted[f"{provisioning}/alerting"].name == language
    assert rules["groups"][0]["folder"] == provider["folder"]
    assert rules["contactPoints"][0]["receivers"][0]["settings"]["addresses"] == "$GRAFANA_MAILS"
    assert grafana["environment"]["GRAFANA_MAILS"] == "marie@example.org;paul@example.org"
    assert list(mounted[f"{provisioning}/datasources"].iterdir())


def test_the_dockerfile_is_clean():
    done = subprocess.run([program("hadolint"), ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert {".git", ".venv", "secrets", "backups"} <= set(ignored)


BLOCKS = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
SAID = [line for block in BLOCKS for line in block.replace("\\\n", " ").splitlines()]
INLINE = [f"docker {words}" for words in re.findall(r"`docker ([^`]+)`", PAGE)]


def test_secrets_are_readable_in_containers_and_to_nobody_else_here(tmp_path):
    subprocess.run(
        ["bash", "-euc", BLOCKS[0]], cwd=tmp_path, env={**os.environ, "NAME": "h"}, capture_output=True, check=True
    )
    folder = tmp_path / "secrets"
    assert folder.stat().st_mode & 0o777 == 0o700
    later = {"reader_user", "reader_password"}
    for name in model("one broker")["secrets"].keys() - later:
        assert (folder / name).stat().st_mode & 0o777 == 0o644


def commands_of(line):
    """The calls of docker in a line of shell, as words."""
    calls = re.findall(r"docker compose (?:[^;&|)\"']|\"[^\"]*\"|'[^']*')*", line)
    return [shlex.split(call.partition(" > ")[0]) for call in calls]


@cache
def options_of(verb):
    """Its options, and whether a word follows each."""
    argv = [program("docker-compose"), verb, "--help"]
    said = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    found = re.findall(r"^ +(?:(-\w), )?(--[\w-]+)(?: (\w+))?  ", said, re.MULTILINE)
    return {name: bool(takes) for short, long, takes in found for name in (short, long) if name}


@pytest.mark.parametrize("words", [words for line in [*SAID, *INLINE] for words in commands_of(line)], ids=" ".join)
def test_each_command_of_the_page_is_one(words):
    words = words[2:]
    while words[0].startswith("-"):
        assert words[0] in {"-f", "--profile"}
        words = words[2:]
    verb, *rest = words
    names = set(model("three")["services"])
    while rest and rest[0].startswith("-"):
        takes = options_of(verb)[rest[0]]
        rest = rest[2 if takes else 1 :]
    if verb in {"run", "exec"}:
        assert rest[0] in names
        assert (
            rest[1] == "animov"
            or rest[1] in {"psql", "pg_dump", "dropdb", "python", "sh"}
            or rest[1].startswith("/opt/kafka")
        )
        if rest[1] == "animov":
            parsed(rest[2:])
        return
    assert {word for word in rest if not word.startswith("-")} <= names | {"PART"}


def test_the_page_tells_of_each_part_and_of_no_other():
    told = re.search(r"## The parts\n(.+?)\n## ", PAGE, re.DOTALL).group(1)
    health = re.search(r"## Is it well\?\n(.+?)\n## ", PAGE, re.DOTALL).group(1)
    names = set(model("one broker")["services"])
    assert set(re.findall(r"^\| `(\w+)` \|", told, re.MULTILINE)) == names
    assert set(re.findall(r"^\| `(\w+)` \|", health, re.MULTILINE)) == names - ENDS

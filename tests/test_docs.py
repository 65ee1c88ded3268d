"""What the documents say is held to the code: pages written from it, links, examples."""

import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote

import msgspec
import pytest

from animov.reference import PAGES, command_paths, commands_page
from core.readings import CollarName, Message, Rejected, Samples, Span, Status, Sums
from core.settings import PREFIX, Settings
from ingest.decoding import make_decoder
from ingest.decoding.refusals import Code
from ingest.mqtt.reasons import Reason
from storage.upkeep.dictionary import described

ROOT = Path(__file__).parent.parent
PAGES_OF_TEXT = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
RECEIVED = datetime(2026, 5, 1, 9, tzinfo=UTC)


def text_of(place):
    return (ROOT / place).read_text("utf-8")


def anchors_of(text):
    """Return the anchors of a page's headings, as they are made from their words."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("place", PAGES)
def test_a_page_that_is_written_from_the_code_is_current(place):
    """`just docs` writes it again."""
    assert text_of(place) == PAGES[place]()


def test_the_data_dictionary_is_current(engine):
    """`just docs` writes it again."""
    with engine.connect() as connection:
        assert text_of("docs/data-dictionary.md") == described(connection)


def test_every_table_says_what_it_is(engine):
    with engine.connect() as connection:
        sections = described(connection).split("\n## ")[1:-1]
    assert sections
    assert [section.splitlines()[0] for section in sections if section.splitlines()[2].startswith("|")] == []


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_described_and_in_both_lists(name):
    variable = PREFIX + name.upper()
    assert Settings.model_fields[name].description
    assert f"`{variable}`" in text_of("docs/settings.md")
    assert f"# {variable}=" in text_of(".env.example")


def test_every_command_has_an_example():
    paths = command_paths()
    groups = {other[:-1] for other in paths}
    sections = dict(re.findall(r"^## animov (.+?)\n(.+?)(?=^## |\Z)", commands_page(), re.MULTILINE | re.DOTALL))
    assert [path for path in paths if path not in groups and "Example: " not in sections[" ".join(path)]] == []


@pytest.mark.parametrize("page", PAGES_OF_TEXT, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_within_the_repository_lead_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    broken = set()
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        place, _, anchor = unquote(target).partition("#")
        linked = (page.parent / place).resolve() if place else page
        if not linked.exists() or (anchor and anchor not in anchors_of(linked.read_text("utf-8"))):
            broken.add(target)
    assert broken == set()


@pytest.mark.parametrize("page", PAGES_OF_TEXT, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_files_and_commands_that_a_page_names_exist(page):
    text = page.read_text("utf-8")
    tops = "animov|api|bench|core|docs|forecast|ingest|storage|stream|tests"
    named = re.findall(rf"`((?:{tops})/[\w./-]+\.(?:py|md|gz))`", text)
    assert [place for place in named if not (ROOT / place).exists()] == []
    groups = {path[0] for path in command_paths()}
    called = re.findall(r"(?:uv run |`|^ *)animov ([a-z]+)", text, re.MULTILINE)
    assert [word for word in called if word not in groups] == []


EXAMPLES = re.findall(
    r"^topic `([^`]+)`(, refused as `(\w+)`)?:\n\n```json\n(.+?)\n```",
    text_of("docs/mqtt.md"),
    re.MULTILINE | re.DOTALL,
)
KINDS = {"samples": Samples, "posture": (Span, Sums), "status": Status}
DEVICES = ("tts:goat-17", "chirpstack:24e124136b502f01", "senml:urn:dev:mac:0024befffe804ff1")
ALIASES = dict.fromkeys(DEVICES, CollarName("barn", "tag-1"))


def decoded(topic, payload):
    decode = make_decoder(future_limit=timedelta(minutes=5), age_limit=None, aliases=ALIASES)
    return decode(Message(topic, int(RECEIVED.timestamp() * 1000), payload))


@pytest.mark.parametrize(("topic", "_", "code", "payload"), EXAMPLES)
def test_every_example_of_the_mqtt_page_means_what_the_page_says(topic, _, code, payload):
    found = decoded(topic, payload.encode())
    if code:
        assert isinstance(found, Rejected)
        assert found.code == code
        return
    assert not isinstance(found, Rejected), found
    kind = topic.rpartition("/")[2]
    if kind in KINDS:
        assert all(isinstance(heard.reading, KINDS[kind]) for heard in found)
        assert decoded(topic, msgspec.msgpack.encode(json.loads(payload))) == found
    assert found


def test_the_mqtt_page_has_an_example_of_each_kind_and_of_each_refusal_that_a_payload_can_cause():
    assert {topic.rpartition("/")[2] for topic, *_ in EXAMPLES} >= KINDS.keys()
    assert {code for _, _, code, _ in EXAMPLES} >= {"malformed", "out_of_range", "future", "unmapped_device"}


@pytest.mark.parametrize("code", [*Code.__args__, "refused_by_database"])
def test_every_reason_of_a_refused_message_is_explained(code):
    assert f"| `{code}` |" in text_of("docs/troubleshooting.md")


@pytest.mark.parametrize("reason", [reason.name for reason in Reason if reason >= 0x80])
def test_every_reason_of_a_refused_client_is_explained(reason):
    assert f"| {reason.lower().replace('_', ' ')} |" in text_of("docs/troubleshooting.md")


def test_the_changelog_speaks_of_the_version_that_is_built():
    version = re.search(r'^version = "(.+)"$', text_of("pyproject.toml"), re.MULTILINE)[1]
    assert re.search(rf"^## \[({re.escape(version)}|Unreleased)\]", text_of("CHANGELOG.md"), re.MULTILINE)


def test_an_entry_of_the_changelog_can_be_printed(tmp_path):
    just = Path(sys.executable).with_name("just")
    version = re.search(r"^## \[([^\]]+)\]", text_of("CHANGELOG.md"), re.MULTILINE)[1]
    done = subprocess.run([just, "changelog-entry", version], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "- " in done.stdout
    assert "## [" not in done.stdout
    assert subprocess.run([just, "changelog-entry", "0.0.0"], cwd=ROOT, capture_output=True, check=False).returncode

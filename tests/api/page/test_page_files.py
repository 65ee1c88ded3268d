"""What the page is made of: files of this node alone, kept for good, in two languages, without markup from data."""

import json
import re
import string
from html.parser import HTMLParser
from pathlib import Path

import pytest

from api.page import shipping
from api.page.texts import TEXTS, catalogue
from core.alert_texts import CHECKS, KINDS
from core.state_texts import STATES

STATIC = Path(shipping.__file__).parent / "static"
SCRIPTS = sorted(STATIC.glob("*.js"))
SVG = "http://www.w3.org/2000/svg"
VOID = {"meta", "link", "br", "img", "input"}


class Elements(HTMLParser):
    """Every element is closed, no id is twice there."""

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.attributes = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.attributes += attrs
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_valid_and_says_its_language_and_width(client):
    page = client.get("/").text
    found = Elements(page)
    assert page.startswith("<!doctype html>")
    assert found.open == []
    assert len(found.ids) == len(set(found.ids))
    assert not any(name.startswith("on") or name == "style" for name, _ in found.attributes)
    assert 'name="viewport"' in page
    assert "<title>" in page


@pytest.mark.parametrize(
    ("asked", "spoken"), [("fr-FR,fr;q=0.9", "fr"), ("en-GB", "en"), ("en,fr", "en"), (None, "fr")]
)
def test_the_page_is_in_the_language_of_the_browser(client, asked, spoken):
    client.headers.pop("Accept-Language", None)
    answer = client.get("/", headers={} if asked is None else {"Accept-Language": asked})
    assert f'<html lang="{spoken}">' in answer.text
    assert "Accept-Language" in answer.headers["Vary"]


def test_the_policy_lets_in_nothing_but_own_files(client):
    policy = client.get("/").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "data:" not in policy
    assert set(re.findall(r"'(\w+)'", policy)) == {"none", "self", "script"}


def test_the_page_is_asked_for_anew_and_its_files_never(client):
    first = client.get("/")
    assert first.headers["Cache-Control"] == "no-cache"
    assert client.get("/", headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    for path in re.findall(r'(?:href|src)="(/page/[^"]+)"', first.text):
        answer = client.get(path)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"]
        assert answer.headers["ETag"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_address_follows_from_the_content(monkeypatch):
    one = shipping.shipment.__wrapped__()
    assert one == shipping.shipment.__wrapped__()
    monkeypatch.setattr(shipping, "catalogue", lambda language: {"a": language})
    assert shipping.shipment.__wrapped__().version != one.version


@pytest.mark.parametrize("path", ["/page/old/main.js", "/page/VERSION/none.js", "/page/VERSION/index.html"])
def test_what_is_not_of_this_page_is_not_there(client, path):
    answer = client.get(path.replace("VERSION", shipping.shipment().version))
    assert answer.status_code == 404
    assert "immutable" not in answer.headers.get("Cache-Control", "")


def test_every_module_that_is_imported_is_served():
    served = shipping.shipment().files
    for path in SCRIPTS:
        imported = re.findall(r'from "\./([\w.]+)"', path.read_text("utf-8"))
        assert set(imported) <= served.keys(), path.name


@pytest.mark.parametrize("path", sorted(STATIC.iterdir()), ids=lambda path: path.name)
def test_no_file_names_another_site_or_makes_markup_of_text(path):
    text = path.read_text("utf-8").replace(SVG, "")
    assert not re.search(r"https?://|@import|url\(", text)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", text)


@pytest.mark.parametrize("key", TEXTS)
def test_a_sentence_has_the_same_numbers_in_both_languages(key):
    one, other = ({name for _, name, *_ in string.Formatter().parse(text) if name} for text in TEXTS[key])
    assert one == other
    assert all(TEXTS[key])


def said_in_scripts():
    """Keys that scripts ask for: whole, or the beginning of a family."""
    for path in SCRIPTS:
        text = path.read_text("utf-8")
        for call in re.findall(r"\bt\(([^;\n]*)", text):
            yield from ((word, False) for word in re.findall(r'"([a-z_][\w.]*)"', call))
            yield from ((word, True) for word in re.findall(r"`([a-z_]+\.)\$", call))
        yield from ((f"{family}.", True) for family in re.findall(r'legend\(\w+, "(\w+)"', text))


def test_whatever_the_page_says_is_in_the_catalogue():
    known = set(catalogue("fr"))
    assert known == set(catalogue("en"))
    asked = set(said_in_scripts())
    assert {("all_well", False), ("kind.", True)} <= asked
    assert [word for word, is_family in asked if is_family and not any(key.startswith(word) for key in known)] == []
    families = tuple(word for word, is_family in asked if is_family)
    named = " ".join(path.read_text("utf-8") for path in SCRIPTS)
    left = {
        key
        for key in TEXTS
        if not key.startswith(families) and not re.search(rf'["\']{re.escape(key)}["\']|\b{key}:', named)
    }
    assert left == set()


def test_alerts_and_states_speak_as_everywhere(client):
    version = shipping.shipment().version
    told = {
        language: json.loads(client.get(f"/page/{version}/texts.{language}.json").content) for language in ("fr", "en")
    }
    for kind, text in KINDS.items():
        assert (told["fr"][f"kind.{kind}"], told["en"][f"kind.{kind}"]) == (text.fr, text.en)
        assert told["fr"][f"check.{kind}"] == CHECKS[kind].fr
    assert told["fr"]["state.look_now"] == STATES["look_now"].fr


def test_a_module_stays_small():
    assert {path.name: lines for path in SCRIPTS if (lines := len(path.read_text("utf-8").splitlines())) > 260} == {}


def test_the_node_tells_its_time(get, yards):
    told = get("/v1/clock", tz="Europe/Paris").json()
    assert told["now"].endswith("+02:00")
    assert told["speed"] == 1


def channel(value):
    share = value / 255
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4


def luminance(colour):
    """WCAG 2.1's relative luminance of a colour such as #fff or #1d1d1b."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    red, green, blue = (channel(int(digits[place : place + 2], 16)) for place in (0, 2, 4))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(*colours):
    low, high = sorted(luminance(colour) for colour in colours)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_what_charts_and_signs_are_drawn_with_stands_out(scheme):
    """WCAG 2.1, 1.4.11: 3 to 1 for what is needed to understand a drawing; 4.5 to 1 for text, 1.4.3."""
    style = (STATIC / "page.css").read_text("utf-8")
    block = re.findall(r":root \{([^}]+?)\}", style)[scheme]
    colours = dict(re.findall(r"--(\w+): (#\w+)", block))
    for ground in ("paper", "card"):
        drawn = {"line", "mean", "rim", "standing", "lying", "unknown", "quiet", "good", "warn", "bad"}
        assert {name for name in drawn if contrast(colours[name], colours[ground]) < 3} == set()
        read = {"ink", "quiet", "link", "good", "warn", "bad"}
        assert {name for name in read if contrast(colours[name], colours[ground]) < 4.5} == set()

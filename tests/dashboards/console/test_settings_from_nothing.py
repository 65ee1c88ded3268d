"""From a node without a farm to named animals in groups, by a browser on a phone: no terminal, and no step lost."""

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError
from playwright.sync_api import expect
from sqlalchemy import make_url

from bench.nodes import edge_node
from bench.waiting import wait_until
from core.settings import Settings
from core.timeline import BUCKET
from ingest.publisher import Publisher
from storage import embedded
from storage.access import users
from storage.embedded.secrets import load_or_create

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}
COLLARS = ("c-1", "c-2", "c-10")
BEFORE = timedelta(minutes=30)
"""How long the collars had spoken before anybody put them on an animal."""


@pytest.fixture(scope="module")
def edge(tmp_path_factory):
    """A database and a real MQTT endpoint."""
    with edge_node(Settings(data_dir=tmp_path_factory.mktemp("node"), mqtt_port=0, log_level="WARNING")) as found:
        yield found


@pytest.fixture(scope="module")
def database_url(edge):
    """URL of that database's superuser, in place of a database without an edge."""
    password = load_or_create(edge.settings.data_dir).superuser
    url = make_url(edge.access.owner).set(username=embedded.SUPERUSER, password=password)
    return url.render_as_string(hide_password=False)


@pytest.fixture(scope="module")
def barn(edge, hasher, password):
    """No farm: only `root`, who runs the platform."""
    with edge.engine.begin() as connection:
        users.create_user(connection, "root", hasher.hash(password), platform=True)


@pytest.fixture
def speak(edge):
    """Let collars nobody has told of send what they measured, as they do by themselves: standing, then a status."""
    begins = (datetime.now(UTC) - BEFORE).replace(second=7, microsecond=0)

    def send(*collars):
        with Publisher(f"mqtt://127.0.0.1:{edge.port}", "box") as publisher:
            for name in collars:
                told = {"t0": begins.isoformat(), "dt_ms": [1000 * second for second in range(1200)]}
                samples = told | {"xyz": [[0.0, 1.0, 0.0]] * 1200}
                publisher.publish(f"animov/v1/ferme/{name}/samples", json.dumps(samples).encode())
                publisher.publish(f"animov/v1/ferme/{name}/status", json.dumps({"battery_v": 3.61}).encode())
            publisher.drain()
        return begins

    return send


def settled(page):
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()


def choose(page, label, words, option):
    """Type into a list that can be searched, and take what it finds or offers to add; again if it forgets that.

    What was typed before leaves its field as the list is tapped, and the run of the page that follows draws it anew.
    """
    field = page.get_by_role("combobox", name=label, exact=True)
    chosen = page.get_by_test_id("stSelectbox").filter(has=field).filter(has_text=option)

    def is_chosen():
        settled(page)
        if chosen.count() or field.input_value() == option:
            return True
        field.fill(words)
        with suppress(PlaywrightTimeoutError):
            page.get_by_role("option", name=option).click(timeout=5000)
        return False

    expect(field).to_have_count(1)  # what the run before has drawn fades away
    wait_until(is_chosen, look_again_s=0.3)


def take(page, label, words, name):
    """Type the beginning of a name, and take the known one that it leaves."""
    tap_elsewhere(page, label, words)
    settled(page)  # a list that changes while something is chosen of it forgets the choice
    known = page.get_by_role("combobox", name=f"{label} : ceux qui sont connus")
    expect(known).to_have_count(1)  # what the run before has drawn fades away
    known.click()
    page.get_by_role("option", name=name).click()
    expect(page.get_by_label(label, exact=True)).to_have_value(name)


def tap_elsewhere(page, label, words):
    """Type into a field and tap on something that does nothing."""
    settled(page)  # a field of the run before fades away with what is typed into it
    field = page.get_by_label(label, exact=True)
    expect(field).to_have_count(1)
    field.fill(words)
    page.get_by_role("heading", name="Premiers pas").click()


def step_on(page, heading):
    onwards = page.get_by_role("button", name="→")
    expect(onwards).to_have_count(1)  # what the run before has drawn fades away
    onwards.click()
    expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()


def make_farm(page):
    expect(page.get_by_role("heading", name="Premiers pas")).to_be_visible()

    page.get_by_label("Nom court de l'exploitation").fill("ma ferme")
    page.get_by_role("button", name="Créer l'exploitation").click()
    expect(page.get_by_role("alert").filter(has_text="1 à 64 lettres")).to_be_visible()  # refused, at its field
    page.get_by_label("Nom court de l'exploitation").fill("ferme")
    page.get_by_role("button", name="Créer l'exploitation").click()

    page.get_by_label("Nom de l'exploitation", exact=True).fill("La Chèvrerie")
    choose(page, "Fuseau horaire (tapez une ville)", "Lisbon", "Europe/Lisbon")
    page.get_by_label("Latitude").fill("95")
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.get_by_text("Une latitude est un nombre de -90 à 90")).to_be_visible()
    page.get_by_label("Latitude").fill("46.32, -0.46")
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.get_by_text("Enregistré.")).to_be_visible()


def fill_herd(page):
    step_on(page, "Lots")
    page.get_by_label("Nouveau lot").fill("laitières")
    page.get_by_role("button", name="Ajouter le lot").click()
    expect(page.get_by_text("Lot laitières ajouté.")).to_be_visible()

    step_on(page, "Liste du troupeau")
    page.get_by_label("Collez la liste").fill("Nom\tLot\nBlanchette\tlaitières\nNoiraude\tlaitieres\n")
    page.get_by_role("button", name="Voir ce qui changerait").click()
    page.get_by_role("button", name="Appliquer (2)").click()
    expect(page.get_by_text("Lignes reprises : 2.")).to_be_visible()


def put_collars_on(page, speak):
    """Put three collars on animals, one of which nobody has named yet; gives since when they speak."""
    page.reload()  # left, and taken up again: at what is missing
    expect(page.get_by_role("heading", name="Colliers", exact=True)).to_be_visible()
    expect(page.get_by_text("Aucun collier en attente.")).to_be_visible()
    begins = speak(*COLLARS)
    expect(page.get_by_text("Colliers en attente d'un animal : 3.")).to_be_visible()

    take(page, "Animal de c-1", "blan", "Blanchette")
    page.get_by_text("patte", exact=True).click()
    page.get_by_role("button", name="c-1 est sur Blanchette").click()
    expect(page.get_by_text("c-1 est sur Blanchette.")).to_be_visible()

    take(page, "Animal de c-2", "", "Noiraude")
    page.get_by_role("button", name="c-2 est sur Noiraude").click()  # where it sits is that of the one before
    expect(page.get_by_text("c-2 est sur Noiraude.")).to_be_visible()

    tap_elsewhere(page, "Animal de c-10", "Grisette")
    expect(page.get_by_text("Grisette est nouveau.")).to_be_visible()
    tap_elsewhere(page, "Lot", "Laitières")
    expect(page.get_by_label("Animal de c-10", exact=True)).to_have_value("Grisette")
    page.get_by_role("button", name="c-10 est sur Grisette").click()
    expect(page.get_by_text("c-10 est sur Grisette.")).to_be_visible()
    expect(page.get_by_text("Aucun collier en attente.")).to_be_visible()

    return begins


def say_the_rest(page):
    step_on(page, "Traite")
    page.get_by_role("button", name="Ajouter l'horaire").click()
    expect(page.get_by_text("traite à 06:30.")).to_be_visible()

    step_on(page, "Alertes")
    page.get_by_label("Nouvelle adresse").fill("marie@example.org")
    page.get_by_role("button", name="Ajouter l'adresse").click()
    expect(page.get_by_text("Tout est en place.")).to_be_visible()


def test_the_first_steps_lead_from_nothing_to_animals_that_are_heard(open_console, speak, api_as):
    page = open_console("", "root", viewport=PHONE)
    make_farm(page)
    fill_herd(page)
    begins = put_collars_on(page, speak)
    say_the_rest(page)

    api = api_as("root")
    farm = api.get("/farms/ferme")
    assert (farm["title"], farm["time_zone"], farm["latitude"], farm["longitude"]) == (
        "La Chèvrerie", "Europe/Lisbon", 46.32, -0.46,
    )  # fmt: skip
    assert [event["name"] for event in farm["events"]] == ["milking"]
    animals = {one["name"]: one for one in api.items("/farms/ferme/animals")}
    assert {name: one["group"]["name"] for name, one in animals.items()} == {
        "Blanchette": "laitières", "Noiraude": "laitieres", "Grisette": "laitières",
    }  # fmt: skip
    worn = list(api.items("/farms/ferme/assignments"))
    assert {one["animal_name"]: one["collar_name"] for one in worn} == {
        "Blanchette": "c-1", "Noiraude": "c-2", "Grisette": "c-10",
    }  # fmt: skip
    assert {datetime.fromisoformat(one["start"]) for one in worn} == {begins}
    for animal in animals.values():  # what came before anybody knew the collar is the animal's
        windows = api.items("/animals/{}/windows", animal["id"], from_=(begins - BUCKET).isoformat())
        assert sum(window["received_s"] for window in windows) == 1200

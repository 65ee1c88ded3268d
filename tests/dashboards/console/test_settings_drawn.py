"""Every settings page is drawn for everybody, and stores what was entered, as the API then tells it."""

import re
from datetime import datetime, time, timedelta

import pytest
from streamlit.testing.v1 import AppTest

from dashboards.console import client
from dashboards.console.settings.assigning import Wish, put_on
from storage.access import users

PAGES = (
    "animals",
    "collars",
    "farm",
    "first_steps",
    "groups",
    "herd_list",
    "hours",
    "journal",
    "people",
    "told",
)


@pytest.mark.parametrize("name", ["vera", "root"])
@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_drawn_for_everybody(drawn, page, name):
    shown = drawn(f"dashboards.console.settings.{page}", name)

    assert not shown.exception
    assert shown.title


@pytest.mark.parametrize(
    ("raised", "said"),
    [("AwayError()", "AniMOV ne répond pas"), ("RefusedError('non', {}, status=409, kind='conflict')", "non")],
)
def test_a_part_that_is_drawn_by_itself_says_what_is_wrong(raised, said):
    code = f"""
from dashboards.console.client import AwayError, RefusedError
from dashboards.console.settings.asking import by_itself

def draw():
    raise {raised}

by_itself(draw)
"""
    page = AppTest.from_string(code, default_timeout=60)
    page.secrets["language"] = "fr"
    assert said in page.run().error[0].value


def press(page, label):
    (button,) = [one for one in page.button if one.label == label]
    return button.click().run()


def field(kind, label):
    (found,) = [one for one in kind if one.label == label]
    return found


def told(page):
    """What the page says was done, or is wrong."""
    return [one.value for one in (*page.success, *page.error)]


@pytest.fixture
def page(drawn):
    """A page of the settings, `(module, name)`."""
    return lambda module, name="ada": drawn(f"dashboards.console.settings.{module}", name)


@pytest.mark.parametrize("module", ["groups", "herd_list", "hours", "told", "farm", "journal"])
def test_a_viewer_is_told_why_nothing_can_be_changed(page, module):
    shown = page(module, "vera")

    assert any("regarder mais pas modifier" in one.value for one in shown.info)
    assert all(one.disabled for one in shown.button)


def test_a_refusal_stands_at_its_field_and_what_was_entered_stays(page, api_as):
    shown = page("groups")
    field(shown.text_input, "Nouveau lot").input("Laitières")
    shown = press(shown, "Ajouter le lot")

    assert {"Laitières", "laitières"} <= set(re.findall(r"\w+", told(shown)[0]))
    assert field(shown.text_input, "Nouveau lot").value == "Laitières"
    assert "Laitières" not in {one["name"] for one in api_as("ada").items("/farms/barn/groups")}


def test_a_group_is_made_renamed_and_removed(page, api_as):
    def names():
        return {one["name"] for one in api_as("ada").items("/farms/barn/groups")}

    before = names()
    shown = page("groups")
    field(shown.text_input, "Nouveau lot").input("taries")
    shown = press(shown, "Ajouter le lot")
    assert (names() - before, told(shown)) == ({"taries"}, ["Lot taries ajouté\\."])
    assert field(shown.text_input, "Nouveau lot").value == ""

    [one for one in shown.text_input if one.label == "Nom"][-1].input("chevrettes")
    shown = [one for one in shown.button if one.label == "Renommer"][-1].click().run()
    assert names() - before == {"chevrettes"}
    [one for one in shown.button if one.label == "Retirer"][-1].click().run()
    assert names() == before


def test_what_a_farm_says_of_itself_is_stored(page, api_as):
    shown = page("farm")
    field(shown.text_input, "Latitude (nord positif)").input("46,5 -0,25")
    field(shown.text_input, "Longitude (est positif)").input("")
    shown = press(shown, "Enregistrer")
    stored = api_as("ada").get("/farms/barn")
    assert (stored["latitude"], stored["longitude"]) == (46.5, -0.25)
    assert field(shown.text_input, "Longitude (est positif)").value == "-0.25"

    field(shown.text_input, "Latitude (nord positif)").input("north")
    shown = press(shown, "Enregistrer")
    assert told(shown) == ["Une latitude est un nombre de -90 à 90, comme 46,32."]
    assert api_as("ada").get("/farms/barn")["latitude"] == 46.5


def test_hours_are_added_and_removed(page, api_as):
    def hours():
        return [(one["name"], one["at"]) for one in api_as("ada").get("/farms/barn/events")["items"]]

    shown = press(page("hours"), "Ajouter l'horaire")
    assert hours() == [("milking", "06:30")]
    shown = press(page("hours"), "Ajouter l'horaire")
    assert told(shown)[0].startswith("c'est déjà indiqué à 06")
    assert hours() == [("milking", "06:30")]
    press(page("hours"), "Retirer")
    assert hours() == []

    shown = page("hours")
    field(shown.number_input, "Durée en minutes").set_value(None)
    assert len(told(press(shown, "Ajouter l'horaire"))) == 1
    assert hours() == []


def test_every_fault_of_a_list_is_told_and_nothing_changed(page, api_as):
    before = list(api_as("ada").items("/farms/barn/animals"))
    shown = page("herd_list", "marie")
    field(shown.text_area, "Collez la liste").input("nom;collier;depuis\nAda;c 1;\n;c-2;\nBea;c-3;hier\n")
    shown = press(shown, "Voir ce qui changerait")

    faults = [one.value for one in shown.markdown if one.value.startswith("- ")]
    assert [fault.partition(" \\:")[0] for fault in faults] == ["- ligne 2", "- ligne 3", "- ligne 4"]
    assert list(api_as("ada").items("/farms/barn/animals")) == before


def test_a_list_is_looked_at_line_by_line_and_then_taken_over(page, api_as):
    shown = page("herd_list", "marie")
    field(shown.text_area, "Collez la liste").input("nom\tlot\nBrune\tlaitières\nBlanche\tlaitières\n")
    shown = press(shown, "Voir ce qui changerait")
    assert any(
        one.value.endswith("| 3 | Blanche | nouvel animal, est dans laitières depuis toujours, faute de date |")
        for one in shown.markdown
    )

    press(shown, "Appliquer (1)")
    animals = {one["name"]: one for one in api_as("ada").items("/farms/barn/animals")}
    assert animals["Blanche"]["group"]["name"] == "laitières"


@pytest.fixture
def herd_of(api_as):
    """Make animals that wear collars of their own names in a group since ever, `(group, names)`; gives their ids."""

    def make(group, *names):
        lines = "".join(f"{name};{group};c-{name}\n" for name in names)
        api_as("ada").upload("/farms/barn/herd", content=f"name;group;collar\n{lines}".encode())
        animals = {one["name"]: one for one in api_as("ada").items("/farms/barn/animals")}
        return [animals[name]["id"] for name in names]

    return make


def choose(page, name):
    return field(page.selectbox, "Animal").select(name).run()


def test_an_animal_is_moved_from_an_instant_on(page, api_as, herd_of):
    api = api_as("ada")
    moved, _ = herd_of("jeunes", "Mina", "Nina")
    group = api.post("/farms/barn/groups", body={"name": "vieilles"})["id"]
    shown = field(choose(page("animals", "marie"), moved).selectbox, "Nouveau lot").select(group).run()
    assert any("Mina compte dans vieilles et non plus dans jeunes" in one.value for one in shown.caption)
    press(shown, "Confirmer")

    assert api.get("/farms/barn/animals/{}", moved)["group"]["name"] == "vieilles"
    memberships = list(api.items("/farms/barn/memberships", animal=moved))
    assert [one["group_name"] for one in memberships] == ["jeunes", "vieilles"]
    assert memberships[0]["until"] == memberships[1]["start"]


@pytest.fixture
def worn(api_as):
    """Collars that an animal wears, by id."""
    return lambda animal: api_as("ada").get("/farms/barn/animals/{}", animal)["collar_ids"]


def test_collars_are_exchanged(page, worn, herd_of):
    one, other = herd_of("jeunes", "Lila", "Lola")
    before = worn(one), worn(other)
    shown = choose(page("animals", "marie"), one)
    shown = field(shown.button_group, "Que s'est-il passé ?").set_value("swap").run()
    shown = field(shown.selectbox, "Échangé avec").select(other).run()
    press(shown, "Confirmer")
    assert (worn(other), worn(one)) == before


def test_a_collar_that_is_given_back_waits_for_another_animal(page, worn, herd_of, api_as):
    (animal,) = herd_of("jeunes", "Mira")
    shown = choose(page("animals", "marie"), animal)
    shown = field(shown.button_group, "Que s'est-il passé ?").set_value("give_back").run()
    press(shown, "Confirmer")

    assert worn(animal) == []
    waiting = {one["name"]: one["taken_off"] for one in api_as("ada").items("/farms/barn/unworn-collars")}
    assert waiting["c-Mira"] is not None


def test_a_collar_that_takes_the_place_of_another_ends_it_at_that_time(page, api_as, herd_of, now):
    api, since = api_as("ada"), now - timedelta(hours=1)
    (animal,) = herd_of("jeunes", "Rosa")
    made = api.post("/farms/barn/collars", body={"name": "spare", "mount": "leg"})
    worn = api.get("/farms/barn/animals/{}", animal)["collar_ids"]
    put_on(api, "barn", Wish(made, "Rosa", None, since, None, worn))

    assert api.get("/farms/barn/animals/{}", animal)["collar_ids"] == [made["id"]]
    ended, begun = api.items("/farms/barn/assignments", animal=animal)
    assert (ended["until"], ended["collar_name"]) == (begun["start"], "c-Rosa")
    assert datetime.fromisoformat(begun["start"]) == since


def test_the_journal_is_written_and_an_entry_removed(page, api_as, barn):
    shown = page("journal", "marie")
    shown = field(shown.selectbox, "Concerne").select(("animal", barn["Brune"])).run()
    field(shown.text_area, "Note").input("deux chevreaux")
    shown = field(shown.button_group, "Nature").set_value("kidding").run()
    shown = press(shown, "Noter")
    (entry,) = api_as("ada").items("/farms/barn/journal")
    assert (entry["kind"], entry["note"], entry["animal"], entry["author"]) == (
        "kidding", "deux chevreaux", barn["Brune"], "marie",
    )  # fmt: skip
    press(shown, "Retirer")
    assert list(api_as("ada").items("/farms/barn/journal")) == []


def test_who_is_told_is_added_tested_and_removed_and_the_night_is_quiet(page, api_as):
    api = api_as("ada")
    shown = page("told")
    field(shown.text_input, "Nouvelle adresse").input("nobody")
    shown = press(shown, "Ajouter l'adresse")
    assert len(told(shown)) == 1
    field(shown.text_input, "Nouvelle adresse").input("marie@example.org")
    shown = press(shown, "Ajouter l'adresse")
    shown = press(shown, "Envoyer un essai")
    (channel,) = api.items("/farms/barn/notifications/channels")
    assert channel["trial_asked_at"] is not None

    shown = field(shown.checkbox, "Nous laisser tranquilles la nuit").check().run()
    shown = field(shown.time_input, "De").set_value(time(22, 15)).run()
    shown = press(shown, "Enregistrer")
    rule = api.get("/farms/barn/notifications")
    assert (rule["quiet_from"], rule["quiet_until"]) == ("22:15", "06:30")
    press(shown, "Retirer")
    assert list(api.items("/farms/barn/notifications/channels")) == []


def choose_password(page, code, password):
    field(page.text_input, "Code").input(code)
    field(page.text_input, "Nouveau mot de passe (8 caractères ou plus)").input(password)
    return press(page, "Choisir ce mot de passe")


def test_somebody_is_invited_with_a_code_shown_until_it_is_passed_on(page, drawn, api_as, node):
    shown = page("people")
    field(shown.text_input, "Nom d'utilisateur").input("paul")
    shown = press(shown, "Inviter")
    (code,) = [one.value for one in shown.code]
    assert [one.value for one in press(shown, "Je l'ai transmis").code] == []
    entrance = drawn("dashboards.console.accepting")
    entrance = choose_password(entrance, "ani_wrong", "battery staple")
    assert "le code n'est plus valide" in told(entrance)[0]
    entrance = choose_password(entrance, code, "short")
    assert len(told(entrance)) == 1
    assert told(choose_password(entrance, code, "battery staple")) == ["Mot de passe choisi : connectez-vous."]
    line = client.line_to(node.address)
    assert client.log_in(line, "paul", "battery staple", "fr")
    line.close()
    assert {one["name"]: one["role"] for one in api_as("ada").items("/farms/barn/people")}["paul"] == "viewer"


def test_the_code_of_one_person_does_not_take_that_of_another_away(page):
    shown = page("people")
    for name in ("luc", "anne"):
        field(shown.text_input, "Nom d'utilisateur").input(name)
        shown = press(shown, "Inviter")
    first, second = [one.value for one in shown.code]
    passed_on = [one for one in shown.button if one.label == "Je l'ai transmis"]
    assert [one.value for one in passed_on[0].click().run().code] == [second] != [first]


def test_the_own_password_is_changed_and_one_stays_logged_in(page, password, engine, barn, hasher):
    with engine.begin() as connection:
        users.set_role(connection, users.create_user(connection, "zoé", hasher.hash(password)), barn["farm"], "viewer")
    shown = page("people", "zoé")
    field(shown.text_input, "Mot de passe actuel").input("wrong")
    field(shown.text_input, "Nouveau mot de passe (8 caractères ou plus)").input("battery staple")
    shown = press(shown, "Changer le mot de passe")
    assert len(told(shown)) == 1

    field(shown.text_input, "Mot de passe actuel").input(password)
    field(shown.text_input, "Nouveau mot de passe (8 caractères ou plus)").input("battery staple")
    shown = press(shown, "Changer le mot de passe")
    assert told(shown) == ["Le mot de passe est changé\\."]
    assert press(shown, "Changer le mot de passe").title  # still logged in

"""Who manages a farm changes its herd by HTTP, and windows follow as if it had always been so."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from core.readings import CollarName
from core.timeline import bucket_start
from storage.access import audit
from storage.engine.database import see_farms
from storage.herds import herd

FIRST = 1_980_000
T0 = bucket_start(FIRST)
MIDDLE = T0 + timedelta(minutes=15)
EARLY, LATE = "2026-05-01T00:00Z", "2026-05-02T00:00Z"


def make(person, kind, name, **more):
    return person.ask("POST", f"/{kind}", status=201, json={"name": name, **more})["id"]


def test_a_herd_is_made_renamed_and_what_was_a_mistake_removed(manager):
    for kind, name, other in (("groups", "young", "jeunes"), ("animals", "ada", "Ada"), ("collars", "c-1", "c_1")):
        made = make(manager, kind, name)

        assert manager.ask("GET", f"/{kind}/{made}")["name"] == name
        assert [one["id"] for one in manager.items(f"/{kind}", name=name)] == [made]
        assert manager.items(f"/{kind}", name="nobody") == []
        assert manager.ask("POST", f"/{kind}", status=409, json={"name": name})["type"].endswith("conflict")
        make(manager, kind, "taken")
        manager.ask("PATCH", f"/{kind}/{made}", status=409, json={"name": "taken"})
        assert manager.ask("PATCH", f"/{kind}/{made}", json={"name": other})["name"] == other
        manager.ask("DELETE", f"/{kind}/{made}", status=204)
        manager.ask("GET", f"/{kind}/{made}", status=404)


def test_names_that_look_the_same_are_one_to_people(manager):
    """Whoever comes second is refused, also by a new name or a list; one's own may be written otherwise."""
    for path in ("animals", "groups"):
        made, other = make(manager, path, "Chloé 2"), make(manager, path, "bea")
        for name in ("chloé 2", "Chloé  2", "Chloe\u0301 2"):
            told = manager.ask("POST", f"/{path}", status=409, json={"name": name}, language="fr")
            assert "ne diffère de 'Chloé 2', déjà pris, que par la casse" in told["detail"]
            manager.ask("PATCH", f"/{path}/{other}", status=409, json={"name": name})
        assert manager.ask("PATCH", f"/{path}/{made}", json={"name": "CHLOÉ 2"})["name"] == "CHLOÉ 2"
    csv = {"Content-Type": "text/csv"}
    manager.ask("POST", "/herd", status=409, content="name\nBEA\n", headers=csv)
    manager.ask("POST", "/herd", status=409, content="name\ncora\nCora\n", headers=csv)
    assert make(manager, "collars", "c-1") != make(manager, "collars", "C-1")


@pytest.mark.parametrize(
    "name", ["", " ", "  ", " lead", "aaa ", "\u3164", "a\u3164", "\u0300", "\u2800", "\u115f", "\u00a0a", "a\u200b"]
)
def test_a_name_is_seen_and_can_be_written_again(manager, name):
    for path in ("animals", "groups"):
        made = make(manager, path, f"{path} 1")
        for method, where in (("POST", f"/{path}"), ("PATCH", f"/{path}/{made}")):
            told = manager.ask(method, where, status=422, json={"name": name})
            assert [fault["field"] for fault in told["errors"]] == ["name"]


@pytest.mark.parametrize("name", ["é", "e\u0301", "Chloé 2", "小山羊", "🐐\ufe0f", "-", "x" * 100])
def test_names_of_any_writing_will_do(manager, name):
    assert {make(manager, path, name) > 0 for path in ("animals", "groups")} == {True}


def test_what_is_known_of_something_keeps_it(manager, hear):
    collar = hear(manager.farm, "c-1")
    animal, group = make(manager, "animals", "ada"), make(manager, "groups", "young")
    manager.ask("POST", "/assignments", status=201, json={"collar": collar, "animal": animal})
    manager.ask("POST", "/memberships", status=201, json={"animal": animal, "group": group})

    for path in (f"/collars/{collar}", f"/animals/{animal}", f"/groups/{group}"):
        told = manager.ask("DELETE", path, status=409, language="fr")
        assert "ne peut pas être supprimé" in told["detail"]


def test_an_assignment_said_late_corrected_and_taken_back_gives_the_windows_of_what_is_right(manager, hear, windows):
    collar = hear(manager.farm, "c-1")
    ada, bea = (make(manager, "animals", name) for name in ("ada", "bea"))
    assert windows(manager.farm_id) == {}

    made = manager.ask("POST", "/assignments", status=201, json={"collar": collar, "animal": ada})
    assert (made["start"], made["until"]) == (None, None)
    assert windows(manager.farm_id) == {("ada", 0): (900, 300, 600), ("ada", 1): (900, 300, 600)}

    half = {"until": (T0 + timedelta(seconds=450)).isoformat()}
    ended = manager.ask("PATCH", f"/assignments/{made['id']}", json=half)
    assert windows(manager.farm_id) == {("ada", 0): (450, 300, 150)}

    right = manager.ask("PATCH", f"/assignments/{ended['id']}", json={"animal": bea, "until": None})
    assert windows(manager.farm_id) == {("bea", 0): (900, 300, 600), ("bea", 1): (900, 300, 600)}
    assert [one["animal_name"] for one in manager.items("/assignments", collar=collar)] == ["bea"]

    manager.ask("DELETE", f"/assignments/{right['id']}", status=204)
    assert windows(manager.farm_id) == {}
    manager.ask("PATCH", f"/assignments/{right['id']}", status=404, json={})


def test_what_is_said_by_http_is_what_the_commands_say(people, engine, hear, windows):
    """The same herd twice, once by HTTP and once by what the commands call."""
    by_http, by_command = people()["manager"], people()["manager"]
    for person in (by_http, by_command):
        hear(person.farm, "c-1", standing_s=300)
        hear(person.farm, "c-2", standing_s=700)
    collars = [make_known(by_http, name) for name in ("c-1", "c-2")]
    animals = [make(by_http, "animals", name) for name in ("ada", "bea")]
    for collar, animal in zip(collars, animals, strict=True):
        by_http.ask("POST", "/assignments", status=201, json={"collar": collar, "animal": animal})
    by_http.ask("POST", "/swaps", status=201, json={"animals": animals, "start": MIDDLE.isoformat()})
    with engine.begin() as connection:
        known = [herd.find_collar(connection, CollarName(by_command.farm, name)) for name in ("c-1", "c-2")]
        for collar, name in zip(known, ("ada", "bea"), strict=True):
            herd.assign(connection, collar, herd.ensure_animal(connection, by_command.farm_id, name))
        herd.swap(connection, *known, MIDDLE)

    assert windows(by_http.farm_id) == windows(by_command.farm_id)
    assert {standing for _, standing, _ in windows(by_http.farm_id).values()} == {300, 700}


def make_known(person, name):
    (collar,) = person.items("/collars", name=name)
    return collar["id"]


def test_lists_over_time_tell_what_lasted_into_a_span(manager):
    collar, animal = make(manager, "collars", "c-1"), make(manager, "animals", "ada")
    hours = [T0 + timedelta(hours=hour) for hour in range(4)]
    for start, until in ((hours[0], hours[1]), (hours[2], hours[3])):
        said = {"collar": collar, "animal": animal, "start": start.isoformat(), "until": until.isoformat()}
        manager.ask("POST", "/assignments", status=201, json=said)

    def listed(start, until):
        span = {"from": start.isoformat(), "to": until.isoformat()}
        return len(manager.items("/assignments", animal=animal, **span))

    assert [listed(hours[a], hours[b]) for a, b in ((0, 1), (1, 2), (0, 3), (1, 1))] == [1, 0, 2, 0]
    assert manager.items("/assignments", animal=animal + 1) == []


def test_an_animal_moves_from_group_to_group(manager):
    animal = make(manager, "animals", "ada")
    young, old = (make(manager, "groups", name) for name in ("young", "old"))
    manager.ask("POST", "/memberships", status=201, json={"animal": animal, "group": young})
    later = manager.ask(
        "POST", "/memberships", status=201, json={"animal": animal, "group": old, "start": MIDDLE.isoformat()}
    )

    told = {one["group_name"]: (one["start"], one["until"]) for one in manager.items("/memberships", animal=animal)}
    edge = MIDDLE.isoformat().replace("+00:00", "Z")
    assert told == {"young": (None, edge), "old": (edge, None)}
    assert [one["id"] for one in manager.items("/animals", group=old)] == [animal]
    assert manager.ask("PATCH", f"/memberships/{later['id']}", json={"group": young})["group_name"] == "young"
    assert manager.items("/memberships", group=old) == []


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/animals", {"name": ""}, "name"),
        ("/animals", {"name": "x" * 101}, "name"),
        ("/collars", {"name": "no space"}, "name"),
        ("/collars", {"name": "c-9", "mount": "tail"}, "mount"),
        ("/collars", {"name": "c-9", "mount": "leg", "axes": ["up", "up", "fwd"]}, "axes"),
        ("/assignments", {"collar": 0, "animal": 1}, "collar"),
        ("/assignments", {"collar": 1, "animal": 1, "since": None}, "since"),
        ("/swaps", {"start": LATE}, "collars"),
        ("/swaps", {"start": LATE, "collars": [1, 1]}, "collars"),
        ("/journal", {"kind": "birth", "start": LATE}, "kind"),
        ("/assignments", {"collar": "1", "animal": 1}, "collar"),
        ("/assignments", {"collar": 1, "animal": True}, "animal"),
        ("/assignments", {"collar": 1, "animal": 1, "start": 0}, "start"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_and_the_member_named(manager, path, body, field):
    told = manager.ask("POST", path, status=422, json=body)

    assert field in {one["field"].partition(".")[0] for one in told["errors"]}


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/assignments", {"collar": 1, "animal": 1, "start": LATE, "until": EARLY}, "until"),
        ("/memberships", {"group": 1, "animal": 1, "start": LATE, "until": LATE}, "until"),
        ("/journal", {"kind": "other", "start": LATE, "until": EARLY}, "until"),
        ("/journal", {"kind": "other", "start": LATE, "group": 1, "animal": 1}, "animal"),
    ],
)
def test_what_contradicts_itself_is_refused_and_the_member_named(manager, path, body, field):
    told = manager.ask("POST", path, status=409, json=body)

    assert (told["type"], told["errors"][0]["field"]) == ("urn:animov:problem:contradiction", field)


def test_ids_of_another_farm_are_not_there(people):
    mine, theirs = people()["manager"], people()["manager"]
    collar, animal = make(mine, "collars", "c-1"), make(mine, "animals", "ada")
    group, foreign = make(theirs, "groups", "young"), make(theirs, "animals", "bea")

    for path, body in (
        ("/assignments", {"collar": collar, "animal": foreign}),
        ("/memberships", {"animal": animal, "group": group}),
        ("/swaps", {"animals": [foreign, animal], "start": MIDDLE.isoformat()}),
        ("/journal", {"kind": "other", "start": MIDDLE.isoformat(), "animal": foreign}),
    ):
        mine.ask("POST", path, status=404, json=body)
    mine.ask("PATCH", f"/animals/{foreign}", status=404, json={"name": "x"})
    mine.ask("DELETE", f"/animals/{foreign}", status=404)


def test_a_collar_that_was_never_heard_is_read_at_once_and_one_that_was_when_its_past_is_read_again(manager, hear):
    silent = manager.ask("POST", "/collars", status=201, json={"name": "c-1", "mount": "leg"})
    assert (silent["mount"], silent["axes"], silent["recomputing"]) == ("leg", ["fwd", "up", "right"], False)

    heard = hear(manager.farm, "c-2")
    told = manager.ask("PATCH", f"/collars/{heard}", json={"mount": "leg", "axes": ["fwd", "-up", "right"]})
    assert (told["mount"], told["recomputing"]) == ("unknown", True)


def test_a_password_is_told_once_and_lets_in_under_the_collars_name(manager, engine):
    collar = make(manager, "collars", "c-1")
    one, other = (manager.ask("POST", f"/collars/{collar}/password", status=201) for _ in range(2))

    assert one["username"] == f"{manager.farm}/c-1"
    assert one["password"] != other["password"]
    with engine.connect() as connection:
        stored = connection.execute(
            text("SELECT password_hash FROM collar WHERE id = :id"), {"id": collar}
        ).scalar_one()
    assert other["password"] not in stored
    assert other["password"] not in str(manager.ask("GET", f"/collars/{collar}"))


def test_a_farm_is_changed_by_its_administrator(people):
    person = people()["administrator"]
    before = person.ask("GET")
    changed = person.ask("PATCH", json={"title": "La Chèvrerie", "time_zone": "Indian/Reunion", "latitude": -21.1})

    assert changed == {**before, "title": "La Chèvrerie", "time_zone": "Indian/Reunion", "latitude": -21.1}
    for body in ({"time_zone": "Nowhere/City"}, {"latitude": 91}, {"title": None}, {"animal_coverage": 1.5}):
        person.ask("PATCH", status=422, json=body)
    for zone in ("localtime", "Factory", "posixrules"):
        told = person.ask("PATCH", status=422, json={"time_zone": zone}, language="fr")
        assert told["detail"] == "time_zone: ce fuseau horaire n'existe pas ; écrivez par exemple Europe/Paris"
        assert person.ask("GET", f"/animals/bouts?tz={zone}", status=422)["errors"][0]["field"] == "tz"
    assert person.ask("PATCH", json={"latitude": None})["latitude"] is None
    assert person.ask("PATCH", json={"animal_coverage": 1e-148, "latitude": 1e-320})["animal_coverage"] == 0


def test_daily_events_are_said_all_at_once(people):
    person = people()["administrator"]
    events = [{"name": "milking", "at": "06:30", "minutes": 60.0}, {"name": "feeding", "at": "17:00", "minutes": 20.0}]

    assert person.ask("PUT", "/events", json={"items": events}) == {"items": events}
    assert person.ask("GET", "/events")["items"] == person.ask("GET")["events"] == events
    person.ask("PUT", "/events", status=422, json={"items": [{"name": "milking", "at": "25:00", "minutes": 60}]})
    twice = [*events, {"name": " Milking", "at": "06:30", "minutes": 30.0}]
    refused = person.ask("PUT", "/events", status=409, json={"items": twice})
    assert [fault["field"] for fault in refused["errors"]] == ["items.2.at"]
    assert person.ask("GET", "/events") == {"items": events}
    assert person.ask("PUT", "/events", json={"items": []}) == {"items": []}


def test_the_journal_is_listed_by_time_and_kind_changed_and_erased(manager):
    animal = make(manager, "animals", "ada")
    days = [(T0 + timedelta(days=day)).isoformat().replace("+00:00", "Z") for day in range(5)]
    said = [
        {"kind": "kidding", "start": days[0], "animal": animal, "note": "deux chevrettes"},
        {"kind": "treatment", "start": days[1], "until": days[3], "animal": animal},
        {"kind": "ration", "start": days[2], "note": "foin changé"},
    ]
    made = [manager.ask("POST", "/journal", status=201, json=one) for one in said]

    def kinds(**query):
        return [one["kind"] for one in manager.items("/journal", **query)]

    assert kinds() == ["ration", "treatment", "kidding"]
    assert kinds(limit=2) == ["ration", "treatment"]
    assert kinds(**{"from": days[2]}) == ["ration", "treatment"]
    assert kinds(**{"from": days[3]}) == []
    assert kinds(to=days[1]) == ["kidding"]
    assert kinds(kind="kidding") == ["kidding"]
    assert kinds(animal=animal) == ["treatment", "kidding"]
    page = manager.ask("GET", "/journal", params={"limit": 2})
    assert kinds(cursor=page["next"], limit=2) == ["kidding"]

    changed = manager.ask("PATCH", f"/journal/{made[1]['id']}", json={"until": None, "note": "vermifuge"})
    assert changed["note"] == "vermifuge"
    assert (changed["kind"], changed["start"], changed["until"]) == ("treatment", days[1], None)
    assert changed["author"].endswith("-manager")
    manager.ask("DELETE", f"/journal/{made[1]['id']}", status=204)
    assert kinds() == ["ration", "kidding"]
    manager.ask("DELETE", f"/animals/{animal}", status=409)


def test_every_change_is_recorded_with_who_made_it(people, engine):
    everybody = people()
    person = everybody["manager"]
    collar, animal = make(person, "collars", "c-1"), make(person, "animals", "ada")
    person.ask("POST", "/assignments", status=201, json={"collar": collar, "animal": animal})
    person.ask("POST", f"/collars/{collar}/password", status=201)
    person.ask("POST", "/animals", status=409, json={"name": "ada"})

    with engine.begin() as connection:
        see_farms(connection, [person.farm_id], administered=[person.farm_id])
        found = audit.entries(connection, person.farm_id, before=1 << 62, limit=10)
    assert [entry.action for entry in reversed(found)] == [
        "collar.made",
        "animal.made",
        "assignment.made",
        "collar.password_made",
    ]
    assert {entry.actor for entry in found} == {f"{person.farm}-manager"}


def test_who_may_only_see_changes_nothing(people):
    everybody = people()
    viewer, manager = everybody["viewer"], everybody["manager"]
    animal, collar = make(manager, "animals", "ada"), make(manager, "collars", "c-1")
    for verb, path, body in (
        ("POST", "/animals", {"name": "bea"}),
        ("PATCH", f"/animals/{animal}", {"name": "bea"}),
        ("DELETE", f"/animals/{animal}", None),
        ("POST", "/assignments", {"collar": collar, "animal": animal}),
        ("POST", "/swaps", {"collars": [collar, collar + 1], "start": MIDDLE.isoformat()}),
        ("POST", "/journal", {"kind": "other", "start": MIDDLE.isoformat()}),
        ("POST", f"/collars/{collar}/password", None),
    ):
        assert viewer.ask(verb, path, status=403, json=body)["type"].endswith("forbidden")
    for verb, path, body in (("PATCH", "", {"title": "x"}), ("PUT", "/events", {"items": []})):
        manager.ask(verb, path, status=403, json=body)
    assert viewer.items("/animals")[0]["name"] == "ada"

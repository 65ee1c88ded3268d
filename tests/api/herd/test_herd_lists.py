"""A list of a herd is taken over as a whole or not at all, and says beforehand what it would change."""

from core.timeline import bucket_start

FIRST = 1_980_000
MIDDLE = bucket_start(FIRST + 1)
LIST = f"""nom;lot;collier;depuis
Fraîche;primipares;c-1;
Noire;primipares;c-1;{MIDDLE.isoformat()}
Brune;laitières;c-2;
"""


def upload(person, text, *, status=200, encoding="latin-1", language="en", **query):
    headers = {"Content-Type": "text/csv"}
    content = text.encode(encoding)
    return person.ask("POST", "/herd", status=status, language=language, headers=headers, content=content, params=query)


def test_a_list_is_tried_taken_over_and_then_changes_nothing_more(manager, hear, windows):
    hear(manager.farm, "c-1")
    tried = upload(manager, LIST, dry_run=True)

    assert (tried["lines"], tried["dry_run"]) == (3, True)
    assert manager.items("/animals") == manager.items("/groups") == []
    taken = upload(manager, LIST)
    assert taken == tried | {"dry_run": False}
    assert taken["items"][0] == {
        "line": 2,
        "name": "Fraîche",
        "made": ["animal", "group"],
        "assigned": True,
        "moved": True,
        "group": "primipares",
        "collar": "c-1",
        "since": None,
    }
    assert windows(manager.farm_id) == {("Fraîche", 0): (900, 300, 600), ("Noire", 1): (900, 300, 600)}
    animals = {animal["name"]: animal["group"]["name"] for animal in manager.items("/animals")}
    assert animals == {"Fraîche": "primipares", "Noire": "primipares", "Brune": "laitières"}
    assert all(upload(manager, LIST, encoding=encoding)["items"] == [] for encoding in ("utf-8-sig", "utf-16"))

    moved = upload(manager, "name,collar\nBrune,c-1\n")
    assert [(line["assigned"], line["moved"], line["made"]) for line in moved["items"]] == [(True, False, [])]
    assert {name for name, _ in windows(manager.farm_id)} == {"Brune"}


def test_json_is_no_list(manager):
    told = manager.ask("POST", "/herd", status=415, json=[{"name": "ada"}])

    assert told["detail"] == "send text/csv"


def test_with_anything_wrong_nothing_is_taken_over_and_each_line_is_named(manager):
    told = upload(manager, LIST + "Grise;x;c 3;\n;x;c-4;\nRousse;x;c-5;demain\n", status=422, language="fr")

    assert [error["field"] for error in told["errors"]] == ["collar", "name", "from"]
    assert [error["message"].partition(" :")[0] for error in told["errors"]] == ["ligne 5", "ligne 6", "ligne 7"]
    assert manager.items("/animals") == manager.items("/collars") == []


def test_who_may_only_see_takes_no_list_over(people):
    viewer = people()["viewer"]

    upload(viewer, LIST, status=403)
    upload(viewer, LIST, status=403, dry_run=True)

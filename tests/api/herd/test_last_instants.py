"""The first and the last instants of the calendar: what is taken can be told in every time zone afterwards."""

import pytest

FIRST, FOREVER, LAST = "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00"
ZONES = ("UTC", "Europe/Paris", "Pacific/Kiritimati", "America/New_York", "Etc/GMT+12")


@pytest.fixture
def administrator(people):
    return people()["administrator"]


@pytest.fixture
def herd(administrator):
    """Ids of a group, an animal and a collar."""
    made = {}
    for plural, name in (("groups", "young"), ("animals", "ada"), ("collars", "c-1")):
        made[plural] = administrator.ask("POST", f"/{plural}", status=201, json={"name": name})["id"]
    return made


@pytest.mark.parametrize("until", [FOREVER, LAST])
def test_what_lasts_for_ever_is_told_in_every_zone(administrator, herd, until):
    animal, collar, group = herd["animals"], herd["collars"], herd["groups"]
    said = {
        "/journal": {"kind": "treatment", "start": FIRST, "until": until},
        "/assignments": {"animal": animal, "collar": collar, "start": FIRST, "until": until},
        "/memberships": {"animal": animal, "group": group, "start": FIRST, "until": until},
        "/people": {"name": f"{administrator.farm}-guest", "role": "viewer", "until": until},
        "/keys": {"name": "forever", "scopes": ["read"], "expires_at": until},
    }
    for path, body in said.items():
        administrator.ask("POST", path, status=201, json=body)

    for path in said:
        for query in [{}] if path in {"/people", "/keys"} else [{"tz": zone} for zone in ZONES]:
            assert administrator.items(path, **query)


def test_queries_go_from_the_first_instant_to_the_last(administrator):
    for zone in ZONES:
        administrator.ask("GET", "/windows", params={"from": FIRST, "to": LAST, "tz": zone})
        administrator.ask("GET", "/journal", params={"from": FIRST, "to": LAST, "tz": zone})
        administrator.ask("GET", "/weather", params={"known_at": FIRST, "tz": zone})


def test_a_herd_list_of_the_year_9999_is_refused(administrator):
    told = administrator.ask(
        "POST",
        "/herd",
        status=422,
        content="name;group;from\nada;young;9999-12-31 23:59\n",
        headers=[("Content-Type", "text/csv")],
    )

    assert [error["field"] for error in told["errors"]] == ["from"]

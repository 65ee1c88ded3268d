"""A challenger that is made champion in a browser, and taken back; each is confirmed by who knows what it changes."""

import re
from datetime import datetime, timedelta
from math import cos, pi
from random import Random

import pytest
from playwright.sync_api import expect

from bench.waiting import wait_until
from dashboards.console.working import comparing
from forecast.specification import Specification
from storage.measurements import series
from storage.modelling import aliases, models, trainings
from storage.modelling.models import Subject

START = datetime(2026, 5, 1)  # noqa: DTZ001 - as a file has it
CONSTANT = {"order": [0, 0, 0], "harmonics": 0}
RHYTHM = {"order": [1, 0, 0], "harmonics": 2}


def table():
    """Twenty days of hours with a rhythm."""
    drawn = Random(3)
    values = (0.5 - 0.3 * cos(2 * pi * hour / 24) + drawn.gauss(0, 0.05) for hour in range(24 * 20))
    rows = (f"{START + timedelta(hours=hour)},{min(1, max(0, value)):.4f}" for hour, value in enumerate(values))
    return "\n".join(["date,ratio_debout", *rows])


def trained(api, what):
    file = {"name": "mai", "csv": table(), "zone": "Europe/Paris"}
    number = api.post("/farms/{}/trainings", "barn", body={"file": file, "history_days": 18, **what})["id"]
    wait_until(lambda: api.get("/trainings/{}", number)["state"] not in {"waiting", "running"}, 100)
    return api.get("/trainings/{}", number)["model"]


@pytest.mark.browser
def test_a_challenger_is_promoted_and_rolled_back(open_console, worker, api_as):
    first, second = (trained(api_as("marie"), what) for what in (CONSTANT, RHYTHM))
    page = open_console("", "marie")
    page.get_by_text("Un fichier (CSV)").click()
    page.locator("input[type=file]").set_input_files(
        {"name": "mai.csv", "mimeType": "text/csv", "buffer": table().encode()}
    )
    expect(page.get_by_text("480 lignes lues")).to_be_visible()
    page.get_by_role("link", name="Comparer").click()
    expect(page.get_by_text(f"Champion : modèle n° {first} ")).to_be_visible()

    page.get_by_role("button", name="Promouvoir", exact=True).click()
    expect(page.get_by_role("dialog")).to_contain_text("il devient champion, et toutes les prévisions")
    page.get_by_role("button", name="Comparer et promouvoir").click()
    expect(page.get_by_text(f"Champion : modèle n° {second} ")).to_be_visible(timeout=100_000)
    expect(page.get_by_text(re.compile(r"Le prétendant se trompe moins, au-delà du hasard \(p = 0,0"))).to_be_visible()
    expect(page.get_by_text("Il a été promu champion.")).to_be_visible()

    page.get_by_role("button", name="Revenir au champion précédent").click()
    expect(page.get_by_role("dialog")).to_contain_text("cesse tout de suite d'être champion")
    page.get_by_role("button", name="Revenir en arrière").click()
    expect(page.get_by_text(f"Champion : modèle n° {first} ").first).to_be_visible()


@pytest.mark.browser
def test_a_viewer_sees_who_reigns_and_changes_nothing(open_console):
    page = open_console("compare", "vera")
    expect(page.get_by_text("il faut être gestionnaire")).to_be_visible()
    expect(page.get_by_role("button", name="Promouvoir", exact=True)).to_have_count(0)


def made(connection, subject, specification, now):
    told = {"specification": specification.to_json(), "digest": specification.digest, "parameters": {}}
    return models.ensure_model(connection, subject, **told, training_id=None, now=now)


def test_a_promotion_that_ends_while_the_page_is_drawn_is_shown(drawn, engine, barn, now, monkeypatch):
    with engine.begin() as connection:
        of_group = next(one for one in series.ensure_series(connection, barn["farm"]) if one.kind == "group")
        subject = Subject(barn["farm"], of_group.id)
        first, second = (made(connection, subject, Specification(order=(p, 0, 0)), now) for p in (0, 1))
        aliases.point(connection, subject, "champion", first, why="order", at=now)
        request = {"model": second}
        work = trainings.ask(connection, "promote", subject, request, requested_by="marie", at=now)
        trainings.begin(connection, work, at=now)
    models_of = comparing.models_of

    def promoted_meanwhile(chosen):
        found = models_of(chosen)
        with engine.begin() as connection:
            trainings.fail(connection, work, "its record is of no interest here", at=now)
            aliases.point(connection, subject, "champion", second, why="order", at=now)
        return found

    monkeypatch.setattr(comparing, "models_of", promoted_meanwhile)
    page = drawn(comparing.__name__, entered={"group.barn": barn["laitières"]})
    (told,) = [one.value for one in page.markdown if one.value.startswith("Champion")]
    assert told.startswith(f"Champion : modèle n° {second} ")

"""What happens when something is missing in mid-session: the login is over, the API away. What was entered stays."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from storage.access import login_attempts

pytestmark = pytest.mark.browser


def test_whose_session_is_over_logs_in_again_and_is_back_with_what_was_entered(open_console, log_in, api_as):
    page = open_console("models", "marie")
    page.get_by_label("Harmoniques du jour", exact=True).fill("11")
    page.get_by_label("Harmoniques du jour", exact=True).press("Tab")
    api = api_as("marie")
    for session in [one for one in api.get("/me/sessions")["items"] if not one["current"]]:
        api.delete("/me/sessions/{}", session["id"])
    page.get_by_role("button", name="Entraîner", exact=True).click()
    expect(page.get_by_text("Session expirée.")).to_be_visible()
    log_in(page, "marie")
    expect(page.get_by_role("heading", name="Modèles")).to_be_visible()
    assert page.url.endswith("/models")
    expect(page.get_by_label("Harmoniques du jour", exact=True)).to_have_value("11")
    assert api.get("/farms/{}/trainings", "barn")["items"] == []


def test_while_the_api_is_away_the_page_says_so_and_goes_on_when_it_is_back(open_console, node):
    page = open_console("models", "marie")
    page.get_by_label("Harmoniques de la semaine", exact=True).fill("3")
    node.stop()
    page.get_by_role("button", name="Entraîner", exact=True).click()
    expect(page.get_by_text("AniMOV ne répond pas. Ce que vous avez saisi est conservé.")).to_be_visible()
    node.start()
    page.get_by_role("button", name="Réessayer").click()
    expect(page.get_by_text("AniMOV ne répond pas.")).to_have_count(0)
    expect(page.get_by_label("Harmoniques de la semaine", exact=True)).to_have_value("3")


def test_who_comes_while_the_api_is_away_is_told(open_console, node, log_in):
    page = open_console()
    node.stop()
    log_in(page, "marie")
    expect(page.get_by_text("AniMOV ne répond pas.")).to_be_visible()
    node.start()
    page.get_by_label("Mot de passe", exact=True).fill("correct horse battery")
    page.get_by_role("button", name="Se connecter").click()
    expect(page.get_by_role("heading", name="Données")).to_be_visible()


def test_too_many_tries_are_told_with_how_long_to_wait(open_console, log_in, engine):
    page = open_console()
    with engine.begin() as connection:
        tries = login_attempts.pair("nobody", "127.0.0.1")
        login_attempts.count(connection, "pair", tries, datetime.now(UTC) + timedelta(hours=1))
    log_in(page, "nobody", "wrong")
    expect(page.get_by_text(re.compile(r"trop d'essais ; le prochain compte dans \d+ secondes"))).to_be_visible()

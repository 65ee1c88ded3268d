"""A file from its upload to a forecast that is downloaded, in a browser, with a real worker behind the API."""

import csv
import re
from datetime import datetime, timedelta
from math import cos, pi
from random import Random

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

START = datetime(2026, 5, 1)  # noqa: DTZ001 - as a spreadsheet writes it
HOURS = 24 * 8


def spreadsheet(*, broken=None):
    """Eight days of hours in percent, as a French spreadsheet writes them."""
    drawn = Random(7)
    lines = ["date;ratio_debout;temperature"]
    for hour in range(HOURS):
        value = 50 - 30 * cos(2 * pi * hour / 24) + drawn.gauss(0, 5)
        written = f"{min(100, max(0, value)):.2f}".replace(".", ",")
        at = START + timedelta(hours=hour)
        lines.append(f"{at:%d/%m/%Y %H:%M};{'abc' if hour == broken else written};{12 + hour % 24 / 2:.1f}")
    return {"name": "mai 2026.csv", "mimeType": "text/csv", "buffer": "\r\n".join(lines).encode("cp1252")}


def upload(page, file):
    page.get_by_text("Un fichier (CSV)").click()
    page.locator("input[type=file]").set_input_files(file)


def test_a_file_that_can_not_be_read_says_line_and_column(open_console):
    page = open_console("", "marie")
    upload(page, spreadsheet(broken=3))
    expect(page.get_by_text(re.compile("ligne 5, colonne 'ratio_debout'"))).to_be_visible()


def test_what_excel_calls_unicode_text_is_read(open_console):
    page = open_console("", "marie")
    table = spreadsheet()["buffer"].decode("cp1252").replace(";", "\t").encode("utf-16")
    upload(page, {"name": "mai.txt", "mimeType": "text/plain", "buffer": table})
    expect(page.get_by_text("192 lignes lues ; entre les cellules : tabulation")).to_be_visible()


def test_signs_of_percent_are_said_to_become_shares_and_one_that_is_missing_is_named(open_console):
    page = open_console("", "marie")
    rows = spreadsheet()["buffer"].decode("cp1252").split("\r\n")
    signed = rows[:1] + [re.sub("(;.*);", "\\1\u202f%;", row) for row in rows[1:]]
    upload(page, {"name": "mai.csv", "mimeType": "text/csv", "buffer": "\n".join(signed).encode()})
    expect(page.get_by_text("Les valeurs portent le signe %")).to_be_visible()
    expect(page.get_by_text("192 lignes lues")).to_be_visible()
    signed[4] = rows[4]
    page.locator("input[type=file]").set_input_files(
        {"name": "juin.csv", "mimeType": "text/csv", "buffer": "\n".join(signed).encode()}
    )
    expect(page.get_by_text("n'a pas de signe %, les valeurs précédentes en ont un")).to_contain_text("ligne 5")


def test_after_a_file_was_refused_nothing_is_trained_in_its_place(open_console, api_as):
    before = api_as("marie").get("/farms/{}/trainings", "barn")["items"]
    page = open_console("", "marie")
    page.get_by_role("link", name="Modèles").click()
    expect(page.get_by_text("Sera entraîné")).to_contain_text("Lot laitières")
    page.get_by_role("link", name="Données").click()
    upload(page, spreadsheet(broken=3))
    told = page.get_by_text("rien n'est choisi à sa place")
    expect(told).to_contain_text("mai 2026.csv")
    for link in ("Modèles", "Prévoir", "Suivre", "Comparer"):
        page.get_by_role("link", name=link).click()
        expect(page.get_by_role("heading", name=link)).to_be_visible()
        expect(told).to_contain_text("mai 2026.csv")
        expect(page.get_by_role("button", name="Entraîner", exact=True)).to_have_count(0)
    page.get_by_role("link", name="Données").click()
    page.locator("input[type=file]").set_input_files(spreadsheet())
    expect(page.get_by_text("lignes lues")).to_be_visible()
    page.get_by_role("link", name="Modèles").click()
    expect(page.get_by_text("Sera entraîné")).to_have_text(
        "Sera entraîné : Fichier mai-2026, du 01/05/2026 00:00 au 08/05/2026 23:00, 192 valeurs connues ; "
        "les deux derniers jours sont mis de côté pour juger le modèle."
    )
    assert api_as("marie").get("/farms/{}/trainings", "barn")["items"] == before


def test_from_a_file_to_a_forecast_that_is_downloaded(open_console, worker, tmp_path):
    page = open_console("", "marie")
    upload(page, spreadsheet())
    expect(page.get_by_text("Les valeurs vont de 0 à 100")).to_be_visible()
    expect(page.get_by_text("entre les cellules : point-virgule ; nombres avec virgule décimale")).to_be_visible()
    expect(page.get_by_role("textbox", name="Nom de la série")).to_have_value("mai-2026")
    expect(page.get_by_test_id("stVegaLiteChart").first).to_be_visible()

    page.get_by_role("link", name="Modèles").click()
    expect(page.get_by_text("Série choisie")).to_contain_text("mai-2026")
    for label, value in (("p", "1"), ("q", "0"), ("Harmoniques du jour", "2")):
        page.get_by_label(label, exact=True).fill(value)
    page.get_by_role("button", name="Entraîner", exact=True).click()
    expect(page.get_by_role("heading", name=re.compile("^Entraînement n° .* : modèle n°"))).to_be_visible(
        timeout=150_000
    )
    expect(page.get_by_text("Le modèle se trompe moins que chacune des quatre règles simples.")).to_be_visible()
    expect(page.get_by_role("cell", name="jour moyen sur 14 jours")).to_be_visible()
    expect(page.get_by_test_id("stVegaLiteChart")).to_have_count(2)
    expect(page.get_by_text("champion").first).to_be_visible()

    page.get_by_role("link", name="Prévoir").click()
    page.get_by_role("button", name="Prévoir", exact=True).click()
    with page.expect_download(timeout=150_000) as downloading:
        page.get_by_role("button", name="Télécharger en CSV").click(timeout=150_000)
    downloading.value.save_as(tmp_path / "forecast.csv")
    text = (tmp_path / "forecast.csv").read_text("utf-8-sig")
    rows = list(csv.reader(text.splitlines(), delimiter=";"))
    assert rows[0][:2] == ["Quand (Europe/Paris)", "prévu"]
    assert rows[1][0] == f"{START + timedelta(hours=HOURS):%Y-%m-%d %H:%M}"
    values = [[float(cell.replace(",", ".")) for cell in row[1:]] for row in rows[1:]]
    assert len(values) == 96
    assert all(lower95 <= lower80 <= mean <= upper80 <= upper95 for mean, lower80, upper80, lower95, upper95 in values)

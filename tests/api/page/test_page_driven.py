"""The page in a real browser: coming in, what it shows, what it does, and what it says when something is missing."""

import re
from datetime import UTC, date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from sqlalchemy import text

from bench.waiting import wait_until
from core.alert_texts import evidence_told
from core.time_texts import moment, times_told
from core.timeline import bucket_start
from storage.access import sessions, users
from storage.alerting import findings
from storage.animals.animal_states import State, Usual, keep_states
from tests.told_times import LENGTHS, MOMENTS

pytestmark = pytest.mark.browser

UNKNOWN = Usual(None, None, None)
CHANGED = """UPDATE posture_window SET standing_s = :s, standing_ratio = :r
  WHERE animal_id = :animal AND bucket = :at"""
SHOWN = [("", "light"), ("", "dark"), ("group/{group}", "light"), ("animal/{animal}", "dark"), ("report", "light")]


@pytest.fixture(scope="module", autouse=True)
def states(engine, yards, last):
    """Ada stands far less than usual, Bea as always."""
    at = bucket_start(last)

    def said(name, state, score, seen):
        habit = Usual(seen, 9.0, 13.0)
        animal = yards["barn"].animals[name]
        return State(animal, at, state, "", at, at, None, score, score, 21, habit, UNKNOWN, UNKNOWN, UNKNOWN)

    with engine.begin() as connection:
        keep_states(connection, [said("bea", "normal", 0.1, 11.0), said("ada", "look_now", 1.4, 5.5)])


def test_who_comes_in_sees_the_farm_in_french(open_page, yards, password, faults):
    page = open_page()
    page.locator("#username").fill("barn-manager")
    page.locator("#password").fill(password)
    page.locator("form.login button").click()
    expect(page.locator("h1")).to_have_text("Barn")
    tiles = page.locator("#tiles > li")
    expect(tiles).to_have_count(2)
    expect(tiles.first).to_contain_text("debout")
    expect(tiles.first).to_contain_text("sur 2 animaux")
    expect(tiles.first).to_contain_text(re.compile(r"attendu de \d+\s%"))
    expect(page.locator("#alerts")).to_contain_text("hors de ce qui était attendu")
    expect(page.locator("#alerts")).to_contain_text("À vérifier :")
    expect(page.locator("#animals > li")).to_have_count(1)
    expect(page.locator("#animals")).to_contain_text("▼ debout 5 h 30 sur 24 h (d'habitude 9 h à 13 h)")
    expect(page.locator("#notices")).to_contain_text("En direct")
    assert [fault for fault in faults if "401" not in fault] == []  # the browser tells that nobody was logged in


def test_a_wrong_password_is_told_and_nothing_is_shown(open_page, yards, faults):
    page = open_page()
    page.locator("#username").fill("barn-viewer")
    page.locator("#password").fill("wrong")
    page.keyboard.press("Enter")
    expect(page.locator("#login-error")).not_to_be_empty()
    expect(page.locator("#password")).to_be_focused()
    assert page.locator("#tiles").count() == 0
    assert page.context.cookies() == []
    faults.clear()  # the browser tells each 401


def test_no_script_can_read_the_cookie(enter):
    page = enter()
    (cookie,) = page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    assert page.evaluate("document.cookie") == ""


def test_nothing_is_asked_of_another_site(enter, node):
    page = enter()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    page.locator("#notices.live").wait_for()
    assert asked
    assert [url for url in asked if not url.startswith(node.address + "/")] == []


@pytest.mark.parametrize(("way", "state", "note"), [("dismiss", "dismissed", "visite"), ("confirm", "confirmed", None)])
def test_an_alert_is_judged_by_a_tap_which_can_be_undone(enter, yard_of, engine, way, state, note):
    yard = yard_of(f"farm-{way}")
    page = enter(f"{yard.farm}-manager")
    card = page.locator(f'[data-key="alert-{yard.alert}"]')
    card.locator(f"[data-name={way}]").click()
    expect(card.locator("form.undo")).to_be_visible()
    card.get_by_text("Annuler").click()
    expect(card.locator("form.undo")).to_have_count(0)
    card.locator(f"[data-name={way}]").click()
    if note:
        card.locator("input").fill(note)
    card.locator("[data-name=send]").click()
    expect(card).to_contain_text({"dismiss": "fausse alerte", "confirm": "confirmée"}[way])
    assert judged(engine, yard.alert) == (state, note or "constaté sur place")


@pytest.mark.parametrize(("way", "words"), [("dismiss", "Fausse alerte"), ("confirm", "C'est vrai")])
def test_what_was_sent_is_taken_back_by_keyboard_alone(enter, yard_of, engine, way, words):
    """The focus stays where the tap was: on what undoes it, before and after it is sent."""
    yard = yard_of(f"keys-{way}")
    page = enter(f"{yard.farm}-manager")
    card = page.locator(f'[data-key="alert-{yard.alert}"]')
    tapped, undo = (card.get_by_role("button", name=name) for name in (words, "Annuler"))
    tapped.focus()
    page.keyboard.press("Enter")
    expect(undo).to_be_focused()
    page.keyboard.press("Enter")
    expect(tapped).to_be_focused()
    page.keyboard.press("Enter")
    expect(undo).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(card).to_have_class("card judged")
    expect(undo).to_be_focused()
    page.keyboard.press("Enter")
    expect(tapped).to_be_focused()
    assert judged(engine, yard.alert) == ("open", "")


def test_what_is_over_meanwhile_is_taken_back_and_no_longer_shown(enter, yard_of, engine):
    yard = yard_of("meanwhile")
    page = enter("meanwhile-manager")
    card = page.locator(f'[data-key="alert-{yard.alert}"]')
    card.locator("[data-name=dismiss]").click()
    card.locator("[data-name=send]").click()
    expect(card).to_have_class("card judged")
    with engine.begin() as connection:
        findings.end(connection, yard.alert, "inside", at=datetime.now(UTC))
    card.get_by_role("button", name="Annuler").click()
    expect(card).to_have_count(0)
    assert judged(engine, yard.alert) == ("closed", "")


def judged(engine, alert):
    with engine.connect() as connection:
        return tuple(connection.execute(text("SELECT state, note FROM alert WHERE id = :id"), {"id": alert}).one())


def test_what_was_said_is_sent_when_the_page_is_left(enter, yard_of, engine):
    yard = yard_of("left")
    page = enter("left-manager")
    page.locator(f'[data-key="alert-{yard.alert}"] [data-name=dismiss]').click()
    expect(page.locator("form.undo")).to_be_visible()
    page.goto("about:blank")
    wait_until(lambda: judged(engine, yard.alert)[0] == "dismissed")


def test_who_may_only_look_has_no_buttons(enter, yards):
    page = enter("barn-viewer")
    expect(page.locator(f'[data-key="alert-{yards["barn"].alert}"]')).to_be_visible()
    assert page.locator("#alerts button").count() == 0


def test_a_window_that_changes_is_shown_at_once(enter, yard_of, engine, last):
    yard = yard_of("lively")
    page = enter("lively-viewer")
    tile = page.locator(f'[data-key="group-{yard.groups["old"]}"]')
    expect(tile.locator(".ratio")).to_contain_text("50")
    change(engine, yard, last - 1, standing=540, known=600)
    expect(tile.locator(".ratio")).to_contain_text("90")
    expect(tile).to_contain_text("Beaucoup plus debout que prévu")


def change(engine, yard, bucket, *, standing, known):
    told = {"animal": yard.animals["cora"], "at": bucket_start(bucket), "s": standing, "r": standing / known}
    with engine.begin() as connection:
        connection.execute(text(CHANGED), told)
        mark(connection, yard.farm_id, bucket)


def mark(connection, farm_id, bucket):
    query = """INSERT INTO changed_bucket (farm_id, bucket) VALUES (:farm, :bucket)
      ON CONFLICT (farm_id, bucket) DO UPDATE SET version = changed_bucket.version + 1"""
    connection.execute(text(query), {"farm": farm_id, "bucket": bucket_start(bucket)})


def test_a_session_that_is_over_asks_for_the_password_and_keeps_the_place(enter, engine, yard_of, password, faults):
    yard = yard_of("over")
    page = enter("over-viewer", f"/#/farms/over/group/{yard.groups['young']}")
    expect(page.locator("h1")).to_have_text("young")
    with engine.begin() as connection:
        sessions.end_all(connection, yard.facts["user"])
    page.locator('[data-key="12"]').click()
    expect(page.get_by_text("Votre session a expiré")).to_be_visible()
    page.locator("#username").fill("over-viewer")
    page.locator("#password").fill(password)
    page.locator("form.login button").click()
    expect(page.locator("h1")).to_have_text("young")
    expect(page.locator("svg.chart")).to_be_visible()
    faults.clear()  # the browser tells each 401


@pytest.mark.parametrize("has_heard", [False, True])
def test_while_the_node_is_away_the_last_data_stay_with_their_time(
    enter, node, yard_of, engine, last, faults, has_heard
):
    """What changed meanwhile is shown afterwards, whether or not there was an event behind which to go on."""
    yard = yard_of(f"away-{has_heard}")
    page = enter(f"{yard.farm}-viewer")
    ratio = page.locator(f'[data-key="group-{yard.groups["old"]}"] .ratio')
    expect(ratio).to_contain_text("50")
    if has_heard:
        change(engine, yard, last - 1, standing=480, known=600)
        expect(ratio).to_contain_text("80")
    node.stop()
    change(engine, yard, last - 1, standing=540, known=600)
    expect(page.locator("#notices.lost")).to_contain_text(re.compile(r"données de \d\d:\d\d"))
    expect(page.locator("#tiles > li")).to_have_count(2)
    node.start()
    page.get_by_role("button", name="Réessayer").click()
    expect(page.locator("#notices.live")).to_be_visible()
    expect(ratio).to_contain_text("90")
    faults.clear()  # the browser tells each connection that fails


def test_the_time_is_the_farms_whatever_the_browsers_is(enter, yards, last):
    page = enter()
    local = bucket_start(last) + timedelta(hours=2)  # Europe/Paris in summer
    expect(page.locator("#tiles > li").first).to_contain_text(f"à {local:%H:%M}")


def test_the_language_is_kept(enter):
    page = enter(locale="en-GB")
    expect(page.locator("#look, h2").nth(1)).to_have_text("To look at")
    page.get_by_role("button", name="Français").click()
    expect(page.get_by_role("heading", name="À regarder")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="À regarder")).to_be_visible()
    assert page.evaluate("document.documentElement.lang") == "fr"


@pytest.fixture(scope="module")
def path_of(yards):
    def filled(part):
        barn = yards["barn"]
        return f"/#/farms/barn/{part.format(group=barn.groups['young'], animal=barn.animals['ada'])}"

    return filled


@pytest.mark.parametrize(("part", "scheme"), SHOWN)
def test_nothing_keeps_anybody_out_and_nothing_is_wider_than_a_phone(enter, path_of, part, scheme):
    page = enter(path=path_of(part), color_scheme=scheme, bypass_csp=True)
    page.locator("#content[aria-busy=false] h1").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    found = Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in {"serious", "critical"}] == []


def test_the_form_to_log_in_keeps_nobody_out(open_page, yards, faults):
    page = open_page(bypass_csp=True)
    page.locator("form.login").wait_for()
    found = Axe().run(page).response["violations"]
    assert [one["id"] for one in found if one["impact"] in {"serious", "critical"}] == []
    faults.clear()


def test_a_keyboard_is_enough(enter):
    page = enter()
    page.locator("#tiles a").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("svg.chart")).to_be_visible()
    expect(page.locator("#content")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#tiles")).to_be_visible()


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_length_of_time_is_told_as_the_server_tells_it(enter, language):
    page = enter(locale=f"{language}-{language.upper()}")
    told = page.evaluate(
        """async (seconds) => {
          const {lasting} = await import(document.querySelector('script[src]').src.replace('main', 'texts'));
          return seconds.map(lasting);
        }""",
        [seconds for seconds, _, _ in LENGTHS],
    )

    assert told == [french if language == "fr" else english for _, french, english in LENGTHS]


@pytest.mark.parametrize("language", ["fr", "en"])
def test_an_instant_is_told_as_the_server_tells_it(enter, language):
    page = enter(locale=f"{language}-{language.upper()}")
    told = page.evaluate(
        """async (instants) => {
          const {moment} = await import(document.querySelector('script[src]').src.replace('main', 'texts'));
          return instants.map((each) => moment(each, 'Europe/Paris'));
        }""",
        [instant.isoformat() for instant, _, _ in MOMENTS],
    )

    assert told == [french if language == "fr" else english for _, french, english in MOMENTS]


def test_an_alert_says_since_when_it_is_and_when_it_was_found(enter, yard_of, engine, last):
    yard = yard_of("found")
    begun, found = bucket_start(last - 95), bucket_start(last)
    with engine.begin() as connection:
        told = {"id": yard.alert, "since": begun, "found": found}
        connection.execute(text("UPDATE alert SET since = :since, opened_at = :found WHERE id = :id"), told)
    sentence = times_told(begun, found, None, ZoneInfo("Europe/Paris"), "fr")
    page = enter("found-viewer")
    expect(page.locator(f'[data-key="alert-{yard.alert}"] .times')).to_have_text(sentence)
    assert ", constaté " in sentence


def test_what_is_said_of_an_animal_was_found_by_the_same_word(enter, yards, last):
    page = enter()
    found = moment(bucket_start(last), ZoneInfo("Europe/Paris"), "fr")
    expect(page.locator("#animals .verdict")).to_have_text(f"à aller voir, constaté {found}")


def test_gaps_are_gaps_and_the_forecast_is_right_of_now(enter, path_of):
    page = enter(path=path_of("group/{group}"))
    expect(page.locator("svg.chart .now")).to_have_count(1)
    now = float(page.locator("svg.chart .now").get_attribute("x1"))
    ends = page.eval_on_selector_all(
        "svg.chart polygon.band80", "all => all.map(one => Math.max(...[...one.points].map(point => point.x)))"
    )
    assert max(ends) > now + 50
    cut = page.evaluate(
        """async () => {
          const main = document.querySelector('script[src]').src;
          const {stretches, QUARTER} = await import(main.replace('main', 'expect'));
          return stretches([0, 1, 2, 4, 5, 9].map((each) => each * QUARTER), (each) => each).map((one) => one.length);
        }"""
    )
    assert cut == [3, 2, 1]


def test_events_are_the_same_however_the_stream_is_cut(open_page, faults):
    page = open_page()
    page.locator("form.login").wait_for()
    same = page.evaluate(
        """async () => {
          const {reader} = await import(document.querySelector('script[src]').src.replace('main', 'events'));
          const stream = 'retry: 2000\\n\\n:\\n\\nid: 1-2\\nevent: alert\\ndata: {"a":\\ndata: 1}\\n\\n'
            + 'event: end\\ndata: {}\\n\\n';
          const whole = JSON.stringify(reader()(stream));
          const cuts = [...stream].map((_, at) => {
            const read = reader();
            return JSON.stringify([...read(stream.slice(0, at)), ...read(stream.slice(at))]);
          });
          return [whole, cuts.every((cut) => cut === whole)];
        }"""
    )
    assert same == ['[{"kind":"alert","id":"1-2","data":{"a":1}},{"kind":"end","id":null,"data":{}}]', True]
    faults.clear()


def test_nothing_is_called_well_before_it_is_known(enter):
    page, held = enter(), []
    page.route("**/v1/farms/barn/alerts**", lambda route: held.append(route))  # noqa: PLW0108 - it gets marks
    with page.expect_request("**/v1/farms/barn/alerts**"):
        page.reload()
    expect(page.locator(".summary")).to_have_text("Lecture en cours …")
    expect(page.locator("#tiles > li")).to_have_count(0)
    assert "Rien à regarder" not in page.locator("#content").inner_text()
    held[0].continue_()
    expect(page.locator(".summary")).to_contain_text("alerte")


def test_nor_where_it_can_not_be_read(enter, faults):
    page = enter()
    page.route("**/v1/farms/barn/alerts**", lambda route: route.fulfill(status=500))
    page.reload()
    expect(page.locator("#notices.lost")).to_be_visible()
    assert "comme prévu" not in page.locator("#content").inner_text()
    page.unroute_all()
    page.get_by_role("button", name="Réessayer").click()
    expect(page.locator(".summary")).to_contain_text("alerte")
    faults.clear()  # the browser tells each 500


def test_a_judgement_that_finds_nobody_is_sent_again(enter, yard_of, engine, faults):
    yard = yard_of("again")
    page = enter("again-manager", is_restless=True)
    card = page.locator(f'[data-key="alert-{yard.alert}"]')
    page.route("**/v1/alerts/*/dismiss**", lambda route: route.abort())
    card.locator("[data-name=dismiss]").click()
    card.locator("[data-name=send]").click()
    expect(card.get_by_role("alert")).to_be_visible()
    page.unroute_all()
    expect(card).to_have_class("card judged")
    assert judged(engine, yard.alert)[0] == "dismissed"
    faults.clear()  # the browser tells of the connection that failed


def test_an_animal_that_is_not_there_is_asked_for_once(enter, faults):
    asked = []
    page = enter()
    page.on("request", lambda request: asked.append(request.url))
    page.goto(page.url.split("#")[0] + "#/farms/barn/animal/1000000000")
    expect(page.get_by_role("alert")).to_be_visible()
    for _ in range(5):
        page.evaluate("dispatchEvent(new Event('resize'))")  # draws anew
    assert len([url for url in asked if "/animals/1000000000/days" in url]) == 1
    faults.clear()  # the browser tells each 404


def test_the_week_is_one_sheet_of_paper(enter, yard_of, engine):
    yard = yard_of("week")
    a_day_before = """UPDATE alert SET opened_at = opened_at - interval '1 day', since = since - interval '1 day'
      WHERE farm_id = :farm AND kind <> 'lag'"""
    with engine.begin() as connection:
        before = connection.execute(text(a_day_before), {"farm": yard.farm_id}).rowcount
    page = enter("week-viewer", "/#/farms/week/report")
    expect(page.get_by_role("heading", name=f"Alertes de la semaine : {before}")).to_be_visible()  # none of today
    expect(page.locator(".report h1")).to_contain_text("Bilan de la semaine")
    expect(page.locator(".report tbody tr")).to_have_count(2)
    expect(page.locator(".report .week")).to_contain_text("fausse alerte")
    expect(page.locator(".report .week li").first).to_contain_text("· depuis ")
    pages = re.findall(rb"/Type\s*/Page\b", page.pdf(prefer_css_page_size=True))
    assert len(pages) == 1


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_week_of_a_dozen_groups_and_ten_alerts_is_one_sheet(enter, yards, language):
    page = enter("barn-viewer", locale=f"{language}-{language.upper()}")
    today = date.fromisoformat(page.evaluate("fetch('/v1/clock').then((answer) => answer.json())")["now"][:10])
    long_ago, lately = (datetime(2026, 9, day, 11, 45, tzinfo=UTC) for day in (16, 17))  # the longest names
    alert = {
        "subject": {"kind": "animal", "id": 1, "name": "Blanchette"},
        "text": evidence_told("lying_long", *LITTLE, language),
        "when": times_told(long_ago, lately, lately + timedelta(days=2), ZoneInfo("Europe/Paris"), language),
        "since": f"{today - timedelta(days=2)}T10:00:00Z",
        "opened_at": f"{today - timedelta(days=1)}T10:00:00Z",
        "until": None,
        "state": "closed",
        "note": "",
    }
    days = [{"day": str(today - timedelta(days=back)), "standing_h": 10.55 + back % 3} for back in range(36)]
    items = {
        "farms/barn/groups": [{"id": number, "name": f"primipares {number}", "animals": 30} for number in range(12)],
        "farms/barn/alerts": [{**alert, "id": number} for number in range(10)],
        "groups/[0-9]+/days": [{**day, "measured": 28, "members": 30} for day in days],
    }
    for path, given in items.items():
        page.route(re.compile(f"/v1/{path}"), partial(fulfil, {"items": given, "next": None}))
    page.route(re.compile("/v1/groups/[0-9]+/view"), partial(fulfil, {"windows": [], "forecast": None}))
    page.goto(page.url.split("#")[0] + "#/farms/barn/report")
    page.reload()
    expect(page.locator(".report .week li")).to_have_count(10)
    expect(page.locator(".report tbody tr")).to_have_count(12)
    assert len(re.findall(rb"/Type\s*/Page\b", page.pdf(prefer_css_page_size=True))) == 1


LITTLE = {"code": "stands_little", "standing_minutes": 251}, {"standing_minutes_low": 490, "standing_minutes_high": 715}


def fulfil(answer, route):
    route.fulfill(json=answer)


def test_who_has_several_farms_chooses(engine, yards, open_page, faults):
    with engine.begin() as connection:
        user = connection.execute(text("SELECT id FROM app_user WHERE name = 'nobody'")).scalar_one()
        for yard in yards.values():
            users.set_role(connection, user, yard.farm_id, "viewer")
    page = open_page(name="nobody")
    page.get_by_role("link", name="Other").click()
    expect(page.locator("h1")).to_have_text("Other")
    assert faults == []


def test_one_alert_is_told_in_the_first_sentence(enter, yard_of, engine):
    yard = yard_of("calm")
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM alert WHERE farm_id = :farm AND kind = 'lag'"), {"farm": yard.farm_id})
    page = enter("calm-manager")
    expect(page.locator("#alerts > li")).to_have_count(1)
    expect(page.locator(".summary")).to_contain_text("troupeau Calm : hors de ce qui était attendu")
    page.get_by_role("button", name="Voir").click()
    expect(page.locator("#look")).to_be_focused()

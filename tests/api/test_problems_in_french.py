"""Whatever the API refuses it refuses in French to whoever prefers French, all of it; and it names the field."""

import pytest

from core.problem_texts import PATTERNS, in_language, say, say_of_value


@pytest.fixture
def french(client, headers_of, yards):
    """Ask something in French as a manager of the farm `barn`, or as somebody else."""

    def ask(method, path, body=None, *, who="barn-manager", **more):
        headers = headers_of(who) | {"Accept-Language": "fr"} | more.pop("headers", {})
        return client.request(method, path, json=body, headers=headers, **more)

    return ask


def said(answer, status):
    """The sentence of a refusal; its title shows that all of it is in French."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Language"] == "fr"
    assert answer.json()["title"] in {"Conflit", "Valeurs non valides", "Interdit", "Introuvable"}
    return answer.json()["detail"]


@pytest.mark.parametrize("name", ["a\x01", "a\u202eb", "\u0085"])
@pytest.mark.parametrize("kind", ["groups", "animals"])
def test_a_name_that_cant_be_shown_is_named(french, name, kind):
    answer = french("POST", f"/v1/farms/barn/{kind}", {"name": name})

    assert "affiché" in said(answer, 422)
    assert [fault["field"] for fault in answer.json()["errors"]] == ["name"]


def test_work_on_models(french, yards):
    model = yards["barn"].facts["model"]
    done = yards["barn"].facts["training"]

    assert "champion" in said(french("POST", f"/v1/models/{model}/rollback"), 409)
    assert "lui-même" in said(french("POST", f"/v1/models/{model}/compare", {"against": model}), 409)
    assert "lancé" in said(french("POST", f"/v1/trainings/{done}/start"), 409)
    assert said(french("POST", f"/v1/trainings/{done}/cancel"), 409).endswith("(terminé)")


def test_an_alert_that_was_judged(french, yards):
    alert = yards["barn"].alert
    assert french("POST", f"/v1/alerts/{alert}/confirm", {"finding": "boiterie"}).status_code == 200

    assert said(french("POST", f"/v1/alerts/{alert}/seen"), 409) == f"l'alerte {alert} est déjà confirmée"


def test_weather_of_too_many_days(french):
    span = {"from": "2026-01-01T00:00:00Z", "to": "2026-06-01T00:00:00Z"}

    assert "62 jours" in said(french("GET", "/v1/farms/barn/weather", params=span), 409)


def test_what_is_possible_and_who_may(french):
    asked = french("GET", "/v1/farms/barn/windows", params={"format": "xml"})

    assert "' ou '" in said(asked, 422)
    assert "gestionnaire" in said(french("POST", "/v1/farms/barn/groups", {"name": "x"}, who="barn-viewer"), 403)


def test_patterns_are_told_in_words():
    for pattern in PATTERNS:
        told = say_of_value("string_pattern_mismatch", "Input should match", {"pattern": pattern})
        assert pattern not in told
        assert pattern not in told.french
    assert in_language(say("role_needed", role="manager"), "en") == "this needs the role manager on the farm"


def test_every_pattern_that_a_client_may_break_has_words(client):
    """But for those of formats that are judged by a validation of their own, which says it itself."""
    lacking = set(_patterns(client.get("/openapi.json").json())) - PATTERNS.keys()

    addresses, event_ids = "^(?:", "^(([0-9]"
    assert not [pattern for pattern in lacking if not pattern.startswith((addresses, event_ids))]


def _patterns(schema):
    if isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str):
            yield schema["pattern"]
        schema = list(schema.values())
    if isinstance(schema, list):
        for member in schema:
            yield from _patterns(member)


def test_a_body_that_is_no_json_is_refused_as_such(client, headers_of, yards):
    headers = headers_of("barn-manager")
    broken = client.post("/v1/farms/barn/groups", content="{", headers=headers | {"Content-Type": "application/json"})
    assert broken.status_code == 422
    assert [(fault["field"], fault["location"]) for fault in broken.json()["errors"]] == [("body", "body")]

    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        other = client.post("/v1/farms/barn/groups", content='{"name": "x"}', headers=headers | {"Content-Type": kind})
        assert other.status_code == 415, (kind, other.text)
        assert other.json()["type"].endswith(":unsupported-media-type")
    assert client.post("/v1/farms/barn/groups", headers=headers).status_code == 422

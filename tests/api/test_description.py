"""The description makes good clients, and its pages load everything from here."""

import re
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import pytest

OPERATIONS = {
    "log_in": ("post", "/v1/login"),
    "refresh": ("post", "/v1/refresh"),
    "begin_session": ("post", "/v1/session"),
    "log_out": ("post", "/v1/logout"),
    "choose_password": ("post", "/v1/password"),
    "list_public_keys": ("get", "/.well-known/jwks.json"),
    "who_am_i": ("get", "/v1/me"),
    "change_password": ("put", "/v1/me/password"),
    "list_sessions": ("get", "/v1/me/sessions"),
    "end_session": ("delete", "/v1/me/sessions/{session}"),
    "list_users": ("get", "/v1/users"),
    "invite_user": ("post", "/v1/users"),
    "get_user": ("get", "/v1/users/{user}"),
    "change_user": ("patch", "/v1/users/{user}"),
    "delete_user": ("delete", "/v1/users/{user}"),
    "reset_password": ("post", "/v1/users/{user}/reset"),
    "list_people": ("get", "/v1/farms/{farm}/people"),
    "add_person": ("post", "/v1/farms/{farm}/people"),
    "get_person": ("get", "/v1/farms/{farm}/people/{user}"),
    "set_role": ("put", "/v1/farms/{farm}/people/{user}"),
    "remove_person": ("delete", "/v1/farms/{farm}/people/{user}"),
    "list_keys": ("get", "/v1/farms/{farm}/keys"),
    "make_key": ("post", "/v1/farms/{farm}/keys"),
    "get_key": ("get", "/v1/farms/{farm}/keys/{key}"),
    "revoke_key": ("delete", "/v1/farms/{farm}/keys/{key}"),
    "list_farm_changes": ("get", "/v1/farms/{farm}/audit"),
    "list_changes": ("get", "/v1/audit"),
    "live": ("get", "/health/live"),
    "ready": ("get", "/health/ready"),
    "read_metrics": ("get", "/metrics"),
    "read_clock": ("get", "/v1/clock"),
    "list_farms": ("get", "/v1/farms"),
    "get_farm": ("get", "/v1/farms/{farm}"),
    "list_groups": ("get", "/v1/farms/{farm}/groups"),
    "list_animals": ("get", "/v1/farms/{farm}/animals"),
    "list_collars": ("get", "/v1/farms/{farm}/collars"),
    "create_farm": ("post", "/v1/farms"),
    "change_farm": ("patch", "/v1/farms/{farm}"),
    "delete_farm": ("delete", "/v1/farms/{farm}"),
    "export_farm": ("get", "/v1/farms/{farm}/export"),
    "get_deletion": ("get", "/v1/deletions/{deletion}"),
    "list_farm_events": ("get", "/v1/farms/{farm}/events"),
    "set_farm_events": ("put", "/v1/farms/{farm}/events"),
    "get_group": ("get", "/v1/farms/{farm}/groups/{group}"),
    "create_group": ("post", "/v1/farms/{farm}/groups"),
    "rename_group": ("patch", "/v1/farms/{farm}/groups/{group}"),
    "delete_group": ("delete", "/v1/farms/{farm}/groups/{group}"),
    "get_animal": ("get", "/v1/farms/{farm}/animals/{animal}"),
    "create_animal": ("post", "/v1/farms/{farm}/animals"),
    "rename_animal": ("patch", "/v1/farms/{farm}/animals/{animal}"),
    "delete_animal": ("delete", "/v1/farms/{farm}/animals/{animal}"),
    "get_collar": ("get", "/v1/farms/{farm}/collars/{collar}"),
    "create_collar": ("post", "/v1/farms/{farm}/collars"),
    "change_collar": ("patch", "/v1/farms/{farm}/collars/{collar}"),
    "delete_collar": ("delete", "/v1/farms/{farm}/collars/{collar}"),
    "create_collar_password": ("post", "/v1/farms/{farm}/collars/{collar}/password"),
    "list_unknown_devices": ("get", "/v1/farms/{farm}/unknown-devices"),
    "list_unworn_collars": ("get", "/v1/farms/{farm}/unworn-collars"),
    "list_collar_devices": ("get", "/v1/farms/{farm}/collars/{collar}/devices"),
    "add_collar_device": ("post", "/v1/farms/{farm}/collars/{collar}/devices"),
    "get_collar_device": ("get", "/v1/farms/{farm}/collars/{collar}/devices/{device}"),
    "remove_collar_device": ("delete", "/v1/farms/{farm}/collars/{collar}/devices/{device}"),
    "list_assignments": ("get", "/v1/farms/{farm}/assignments"),
    "get_assignment": ("get", "/v1/farms/{farm}/assignments/{assignment}"),
    "create_assignment": ("post", "/v1/farms/{farm}/assignments"),
    "correct_assignment": ("patch", "/v1/farms/{farm}/assignments/{assignment}"),
    "delete_assignment": ("delete", "/v1/farms/{farm}/assignments/{assignment}"),
    "list_memberships": ("get", "/v1/farms/{farm}/memberships"),
    "get_membership": ("get", "/v1/farms/{farm}/memberships/{membership}"),
    "create_membership": ("post", "/v1/farms/{farm}/memberships"),
    "correct_membership": ("patch", "/v1/farms/{farm}/memberships/{membership}"),
    "delete_membership": ("delete", "/v1/farms/{farm}/memberships/{membership}"),
    "take_herd_list": ("post", "/v1/farms/{farm}/herd"),
    "list_proposed_swaps": ("get", "/v1/farms/{farm}/swaps"),
    "create_swap": ("post", "/v1/farms/{farm}/swaps"),
    "list_journal": ("get", "/v1/farms/{farm}/journal"),
    "get_journal_entry": ("get", "/v1/farms/{farm}/journal/{entry}"),
    "create_journal_entry": ("post", "/v1/farms/{farm}/journal"),
    "change_journal_entry": ("patch", "/v1/farms/{farm}/journal/{entry}"),
    "delete_journal_entry": ("delete", "/v1/farms/{farm}/journal/{entry}"),
    "list_windows": ("get", "/v1/farms/{farm}/animal-windows"),
    "list_animal_windows": ("get", "/v1/animals/{animal}/windows"),
    "list_group_windows": ("get", "/v1/groups/{group}/windows"),
    "list_herd_windows": ("get", "/v1/farms/{farm}/windows"),
    "get_group_forecast": ("get", "/v1/groups/{group}/forecast"),
    "get_herd_forecast": ("get", "/v1/farms/{farm}/forecast"),
    "get_group_view": ("get", "/v1/groups/{group}/view"),
    "get_herd_view": ("get", "/v1/farms/{farm}/view"),
    "list_models": ("get", "/v1/farms/{farm}/models"),
    "get_model": ("get", "/v1/models/{model}"),
    "get_model_plot": ("get", "/v1/models/{model}/plot"),
    "test_model": ("post", "/v1/models/{model}/test"),
    "compare_model": ("post", "/v1/models/{model}/compare"),
    "create_prediction": ("post", "/v1/models/{model}/predictions"),
    "promote_model": ("post", "/v1/models/{model}/promote"),
    "crown_model": ("put", "/v1/models/{model}/champion"),
    "roll_back_model": ("post", "/v1/models/{model}/rollback"),
    "list_trainings": ("get", "/v1/farms/{farm}/trainings"),
    "create_training": ("post", "/v1/farms/{farm}/trainings"),
    "get_training": ("get", "/v1/trainings/{training}"),
    "start_training": ("post", "/v1/trainings/{training}/start"),
    "cancel_training": ("post", "/v1/trainings/{training}/cancel"),
    "get_training_results": ("get", "/v1/trainings/{training}/results"),
    "get_training_artefact": ("get", "/v1/trainings/{training}/artefacts/{artefact}"),
    "list_selections": ("get", "/v1/farms/{farm}/selections"),
    "list_reselections": ("get", "/v1/farms/{farm}/reselections"),
    "list_group_forecast_steps": ("get", "/v1/groups/{group}/forecast/steps"),
    "list_herd_forecast_steps": ("get", "/v1/farms/{farm}/forecast/steps"),
    "list_group_forecasts": ("get", "/v1/groups/{group}/forecasts"),
    "list_herd_forecasts": ("get", "/v1/farms/{farm}/forecasts"),
    "get_group_target": ("get", "/v1/groups/{group}/targets/{target}"),
    "get_herd_target": ("get", "/v1/farms/{farm}/targets/{target}"),
    "get_weather": ("get", "/v1/farms/{farm}/weather"),
    "get_issued_weather": ("get", "/v1/farms/{farm}/weather/issued"),
    "list_weather_issues": ("get", "/v1/farms/{farm}/weather/issues"),
    "login": ("post", "/login"),
    "train": ("post", "/train"),
    "get_train": ("get", "/train/{training}"),
    "predict": ("post", "/predict"),
    "get_predict": ("get", "/predict/{prediction}"),
    "rmse": ("get", "/rmse"),
    "get_group_scores": ("get", "/v1/groups/{group}/scores"),
    "get_group_scores_by_day": ("get", "/v1/groups/{group}/scores/days"),
    "get_herd_scores_by_day": ("get", "/v1/farms/{farm}/scores/days"),
    "get_herd_scores": ("get", "/v1/farms/{farm}/scores"),
    "list_alerts": ("get", "/v1/farms/{farm}/alerts"),
    "get_alert": ("get", "/v1/alerts/{alert}"),
    "post_readings": ("post", "/v1/readings"),
    "list_rejected": ("get", "/v1/rejected"),
    "list_animal_bouts": ("get", "/v1/animals/{animal}/bouts"),
    "list_bouts": ("get", "/v1/farms/{farm}/animals/bouts"),
    "list_animal_days": ("get", "/v1/animals/{animal}/days"),
    "list_days": ("get", "/v1/farms/{farm}/animals/days"),
    "list_group_days": ("get", "/v1/groups/{group}/days"),
    "list_herd_days": ("get", "/v1/farms/{farm}/days"),
    "list_animal_states": ("get", "/v1/farms/{farm}/states"),
    "list_battery": ("get", "/v1/farms/{farm}/collars/{collar}/battery"),
    "get_alert_history": ("get", "/v1/alerts/{alert}/changes"),
    "get_alert_precision": ("get", "/v1/farms/{farm}/alerts/precision"),
    "mark_alert_seen": ("post", "/v1/alerts/{alert}/seen"),
    "dismiss_alert": ("post", "/v1/alerts/{alert}/dismiss"),
    "confirm_alert": ("post", "/v1/alerts/{alert}/confirm"),
    "reopen_alert": ("post", "/v1/alerts/{alert}/reopen"),
    "listen": ("get", "/v1/live"),
    "get_notice_rule": ("get", "/v1/farms/{farm}/notifications"),
    "change_notice_rule": ("patch", "/v1/farms/{farm}/notifications"),
    "list_notice_channels": ("get", "/v1/farms/{farm}/notifications/channels"),
    "create_notice_channel": ("post", "/v1/farms/{farm}/notifications/channels"),
    "get_notice_channel": ("get", "/v1/farms/{farm}/notifications/channels/{channel}"),
    "delete_notice_channel": ("delete", "/v1/farms/{farm}/notifications/channels/{channel}"),
    "test_notice_channel": ("post", "/v1/farms/{farm}/notifications/channels/{channel}/test"),
    "resend_notices": ("post", "/v1/farms/{farm}/notifications/channels/{channel}/resend"),
    "get_rejected": ("get", "/v1/rejected/{key}"),
    "retry_rejected": ("post", "/v1/rejected/{key}/retry"),
}
"""What clients call; an id that is here stays."""


PUBLIC = {"/v1/deletions/{deletion}", "/v1/login", "/v1/refresh", "/v1/session", "/v1/password"}


@pytest.fixture(scope="module")
def description(client):
    return client.get("/openapi.json").json()


def operations(description):
    return [
        (method, path, operation)
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    ]


def test_operation_ids_are_stable(description):
    found = {operation["operationId"]: (method, path) for method, path, operation in operations(description)}

    assert found == OPERATIONS


def test_every_operation_says_what_it_does_and_who_may(description):
    known = {tag["name"] for tag in description["tags"]}
    for _, path, operation in operations(description):
        assert set(operation["tags"]) <= known
        assert operation["summary"]
        assert operation["description"]
        assert not path.startswith("/v1") or ("security" in operation) is (path not in PUBLIC), path
        assert "422" in operation["responses"] or not path.startswith("/v1"), path
        assert "401" in operation["responses"] or "security" not in operation, path


def test_every_answer_has_a_schema_and_errors_are_problems(description):
    for _, path, operation in operations(description):
        for status, response in operation["responses"].items():
            if status in {"204", "304"}:
                assert "content" not in response
                continue
            for kind, media in response["content"].items():
                schema = media.get("schema", {})
                schema = schema.get("items", schema)
                name = schema.get("$ref", "").rpartition("/")[2]
                assert name in description["components"]["schemas"] or not kind.endswith("json"), path
                if status >= "400" and "first AniMOV" not in operation["tags"]:
                    problem = "ReadinessProblem" if (path, status) == ("/health/ready", "503") else "Problem"
                    assert (kind, name) == ("application/problem+json", problem), path


def test_no_schema_is_untyped(description):
    """Each member of each schema has a type; objects name their members or say what these are, arrays their items."""
    for name, schema in description["components"]["schemas"].items():
        check_typed(schema, name)


def check_typed(schema, where):
    if "$ref" in schema:
        return
    assert {"type", "const", "anyOf"} & schema.keys(), where
    for each in [*schema.get("anyOf", []), *schema.get("prefixItems", [])]:
        check_typed(each, where)
    if schema.get("type") == "array" and "prefixItems" not in schema:
        check_typed(schema["items"], where)
    if schema.get("type") == "object":
        check_object(schema, where)


def check_object(schema, where):
    if "properties" not in schema:
        check_typed(schema["additionalProperties"], where)
        return
    assert schema["additionalProperties"] is False, where
    for name, member in schema["properties"].items():
        check_typed(member, f"{where}.{name}")


def test_numbers_and_texts_of_answers_come_with_examples_or_words(description):
    for name, schema in description["components"]["schemas"].items():
        for field, member in schema.get("properties", {}).items():
            told = {"examples", "description", "$ref", "const", "enum", "items", "anyOf"} & member.keys()
            assert told or member.get("format") == "date-time", f"{name}.{field}"


def test_authorize_knows_where_to_log_in(description):
    scheme = description["components"]["securitySchemes"]["login"]
    bodies = description["paths"]["/v1/login"]["post"]["requestBody"]["content"]

    assert scheme["flows"]["password"]["tokenUrl"] == "/v1/login"
    assert set(bodies) == {"application/json", "application/x-www-form-urlencoded"}


class Links(HTMLParser):
    """Collects what a page loads or leads to, and inline scripts, which the policy would block."""

    def __init__(self, page):
        super().__init__()
        self.loaded, self.inline, self._in_script = [], [], False
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        named = dict(attributes)
        self.loaded += [named[name] for name in ("src", "href", "action", "data", "poster") if name in named]
        self._in_script = tag == "script"

    def handle_data(self, data):
        if self._in_script and data.strip():
            self.inline.append(data)

    def handle_endtag(self, tag):
        self._in_script = self._in_script and tag != "script"


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_pages_load_nothing_from_outside(client, path):
    answer = client.get(path)
    links = Links(answer.text)

    assert answer.headers["Content-Type"].startswith("text/html")
    assert not re.search(r"(https?:)?//", answer.text)
    assert links.inline == []
    assert links.loaded
    for link in links.loaded:
        target = urljoin(f"http://testserver{path}", link)
        assert urlsplit(target).netloc == "testserver"
        assert client.get(target).status_code == 200, link


def test_own_scripts_and_styles_name_no_foreign_url(client):
    assert not re.search(r"https?://", client.get("/assets/docs.js").text)
    # what the bundle may name is stopped by the policy of the page
    assert "connect-src 'self'" in client.get("/docs").headers["Content-Security-Policy"]
    assert "validatorUrl: null" in client.get("/assets/docs.js").text


def test_the_first_page_says_what_this_is_in_french(client):
    page = client.get("/").text

    assert '<html lang="fr">' in page
    for link in ("/docs", "/openapi.json", "/health/ready"):
        assert f'href="{link}"' in page

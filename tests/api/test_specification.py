"""Walks over the whole description: each operation has examples and problems, and no text of a request is SQL."""

from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from api.forms.preferences import best_language, best_type, takes_gzip
from core.problem_texts import SENTENCES, TITLES, VALUES

INJECTIONS = (
    "'; DROP TABLE animal; --",
    "' OR '1'='1",
    '"; SELECT pg_sleep(5); --',
    "1); DELETE FROM farm; --",
    "\\'; --",
    "%(name)s",
    ":name",
    "{0}",
    "\x00",
    "\ud7ff\uffff",
    "a" * 3000,
)


@pytest.fixture(scope="module")
def description(client):
    return client.get("/openapi.json").json()


@pytest.fixture(scope="module")
def operations(description):
    return [
        (method, path, operation)
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    ]


def test_every_operation_has_a_problem_and_an_example(operations):
    for method, path, operation in operations:
        responses = operation["responses"]
        assert any(status >= "400" for status in responses), path
        for status, response in responses.items():
            for kind, media in response.get("content", {}).items():
                told = {"example", "examples"} & media.keys()
                assert told or not kind.endswith("json"), (method, path, status)
        for media in operation.get("requestBody", {}).get("content", {}).values():
            told = {"example", "examples"} & media.keys() or "$ref" not in media["schema"]
            assert told or method == "post", path


def test_the_example_of_a_refusal_has_its_status_and_names_it(operations):
    for method, path, operation in operations:
        for status, response in operation["responses"].items():
            media = response.get("content", {}).get("application/problem+json")
            if media is not None:
                told = media["example"]
                assert told["status"] == int(status), (method, path)
                assert told["title"] == TITLES[int(status)].en
                assert ("errors" in told) == (status == "422"), (method, path, status)


def test_a_body_of_another_type_is_refused_as_described(operations, client, headers_of, yards, filled):
    headers, told = headers_of("root"), 0
    for method, path, operation in operations:
        content = operation.get("requestBody", {}).get("content", {})
        described = "415" in operation["responses"]
        takes_json = "application/json" in content and path.startswith("/v1")
        assert described is (takes_json or "text/csv" in content), (method, path)
        if takes_json:
            told += 1
            for kind in ("text/plain", "application/xml", None):
                sent = {**headers, **({} if kind is None else {"Content-Type": kind})}
                answer = client.request(method, filled(path, yards["barn"]), content=b"{}", headers=sent)
                assert answer.status_code == 415, (method, path, kind)
                assert answer.json()["type"] == "urn:animov:problem:unsupported-media-type"
    assert told > 30


def test_no_parameter_of_a_query_is_null(operations):
    """One that is left out is left out: nobody can write null in a query."""
    for _, path, operation in operations:
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "query":
                assert {"type": "null"} not in parameter["schema"].get("anyOf", []), (path, parameter["name"])


def test_every_list_comes_in_three_formats(operations):
    """And what takes the format takes fields, a limit and a cursor too."""
    lists = [
        (path, operation)
        for _, path, operation in operations
        if "format" in {parameter["name"] for parameter in operation.get("parameters", [])}
    ]
    assert len(lists) > 8
    for path, operation in lists:
        names = {parameter["name"] for parameter in operation["parameters"]}
        assert names >= {"fields", "limit", "cursor", "dialect"}, path
        kinds = operation["responses"]["200"]["content"].keys()
        assert {"application/json", "text/csv", "application/vnd.apache.parquet"} <= kinds, path


def test_fields_are_named_by_the_description(operations, get):
    for _, path, operation in operations:
        (fields,) = [each for each in operation.get("parameters", []) if each["name"] == "fields"] or [None]
        if fields is not None and set(_names(path)) <= {"farm"}:
            answer = get(path.format(farm="barn"), fields=",".join(fields["schema"]["items"]["enum"]))
            assert answer.status_code in {200, 403}, (path, answer.text)


def _names(path):
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]


def test_the_ways_to_come_in_have_the_agreed_names(description):
    assert {"login", "key"} <= description["components"]["securitySchemes"].keys()


def test_no_text_of_a_request_is_sql(operations, get, engine):
    """Each text in each place of each GET: refused, or taken as the text that it is; and nothing is gone."""
    before = counted(engine)
    for method, path, operation in operations:
        if method == "get" and path != "/v1/live":
            for address in attacked(path, operation.get("parameters", [])):
                answer = get(address)
                assert answer.status_code < 500, (address, answer.text)
                assert "psycopg" not in answer.text
    assert counted(engine) == before


def attacked(path, parameters):
    """Paths in which one value after the other is an attack; all that can be texts take turns."""
    attacks = iter(INJECTIONS * 100)
    for parameter in parameters:
        if parameter["in"] == "path":
            others = dict.fromkeys(_names(path), "1") | {"farm": "barn"}
            yield path.format(**(others | {parameter["name"]: quote(next(attacks), safe="")}))
        elif parameter["in"] == "query":
            plain = path.format(**(dict.fromkeys(_names(path), "1") | {"farm": "barn"}))
            for _ in range(2):
                yield f"{plain}?{parameter['name']}={quote(next(attacks), safe='')}"


def counted(engine):
    with engine.connect() as connection:
        return connection.execute(
            text("SELECT (SELECT count(*) FROM animal), (SELECT count(*) FROM farm), (SELECT count(*) FROM app_user)")
        ).one()


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        (None, "en"),
        ("fr", "fr"),
        ("fr-CA, en;q=0.5", "fr"),
        ("en;q=0.8, fr;q=0.9", "fr"),
        ("en-GB, fr", "en"),
        ("de, fr;q=0.1", "fr"),
        ("de", "en"),
        ("*", "en"),
        ("fr;q=0", "en"),
    ],
)
def test_problems_are_told_in_the_language_that_is_liked_better(client, get, accepted, language):
    headers = {} if accepted is None else {"Accept-Language": accepted}
    expected = {"en": ("Unauthorized",), "fr": ("Non identifié",)}[language]

    answer = client.get("/v1/farms", headers=headers)

    assert answer.json()["title"] in expected
    assert answer.headers["Vary"] == "Accept-Language"
    assert answer.headers["Content-Language"] in {language, "en"}


@pytest.mark.parametrize(
    ("path", "title", "detail", "message"),
    [
        ("/v1/farms/absent", "Introuvable", "exploitation 'absent' : introuvable", None),
        ("/nothing", "Introuvable", "il n'y a rien à cette adresse", None),
        ("/v1/farms?limit=0", "Valeurs non valides", None, "doit être supérieur ou égal à 1"),
        ("/v1/farms?limit=x", "Valeurs non valides", None, "un nombre entier est attendu"),
        ("/v1/farms?nothing=1", "Valeurs non valides", None, "ce paramètre n'existe pas ici"),
        ("/v1/farms/barn/windows?from=3", "Valeurs non valides", None, None),
        ("/v1/farms/barn/windows?tz=Mars/Base", "Valeurs non valides", None, None),
    ],
)
def test_problems_are_french_throughout(client, token, path, title, detail, message):
    problem = client.get(path, headers={"Authorization": token, "Accept-Language": "fr"})
    told = problem.json()

    assert problem.headers["Content-Language"] == "fr"
    assert told["title"] == title
    assert detail in {None, told["detail"]}
    assert message is None or told["errors"][0]["message"] == message
    assert not {"there is", "should be", "Input"} & {
        words for words in ("there is", "should be", "Input") if words in problem.text
    }


@pytest.fixture(scope="module")
def token(client, yards, password):
    body = {"username": "barn-viewer", "password": password}
    return f"Bearer {client.post('/v1/login', json=body).json()['access_token']}"


def test_every_sentence_is_there_twice_with_the_same_values():
    from string import Formatter  # noqa: PLC0415 - of this test alone

    def names(template):
        return {name for _, name, _, _ in Formatter().parse(template) if name}

    for key, sentence in SENTENCES.items():
        assert names(sentence.en) == names(sentence.fr), key
        assert sentence.en != sentence.fr
    assert all(title.en and title.fr for title in TITLES.values())
    assert all(VALUES.values())


@pytest.mark.parametrize(
    ("accepted", "takes"),
    [
        (None, False),
        ("gzip", True),
        ("deflate, GZIP;q=0.1", True),
        ("*", True),
        ("gzip;q=0", False),
        ("br, gzip; q=0.000", False),
        ("*, gzip;q=0", False),
        ("*;q=0, gzip", True),
        ("identity", False),
    ],
)
def test_only_who_takes_gzip_gets_it(accepted, takes):
    assert takes_gzip(accepted) == takes


@given(st.text(max_size=40), st.text("fren-*;q=.0123456789, ", max_size=40))
@settings(max_examples=200)
def test_any_header_has_an_answer(anything, likely):
    for header in (anything, likely):
        assert best_language(header) in {"en", "fr"}
        assert best_type(header, ["application/json", "text/csv"]) in {"application/json", "text/csv", None}

"""What the description of a route says of one refusal, and an example of it.

It names the schema of problems in place of the model: a model would be looked into anew for each route and status,
of which there are a thousand.
"""

from typing import Any, Final

from api.forms.problems import MEDIA_TYPE, Fault, FieldProblem, Problem, invalid
from core.problem_texts import TITLES, in_language, say

SCHEMAS: Final = "#/components/schemas/"
PROBLEM: Final = f"{SCHEMAS}Problem"

_CODES: Final = {
    400: "bad-request",
    401: "unauthorized",
    403: "forbidden",
    404: "not-found",
    406: "not-acceptable",
    408: "slow-body",
    409: "conflict",
    413: "too-large",
    415: "unsupported-media-type",
    422: "invalid",
    429: "too-many-tries",
    431: "head-too-large",
    503: "unavailable",
}
_REQUEST_ID: Final = "0f4b7a3d5c1e4f7f9d0e6a2b8c9d1e2f"


def refusal(description: str) -> dict[str, Any]:
    """Return what is said of a refusal that is told as a problem."""
    return {"description": description, "content": {MEDIA_TYPE: {"schema": {"$ref": PROBLEM}}}}


def problem_schemas() -> dict[str, Any]:
    """Return the schema of problems, and those that it names, by name."""
    told = Problem.model_json_schema(mode="serialization", ref_template=f"{SCHEMAS}{{model}}")
    return {**told.pop("$defs"), "Problem": told}


def example(status: int, description: str) -> dict[str, Any]:
    """Return a problem as it may be told with a status, of which a route says this."""
    detail, errors = description[0].lower() + description[1:].removesuffix("."), None
    if status == 422:  # any route refuses a parameter that it does not know
        refused = invalid([Fault("no_such_parameter", "query", say("unknown_parameter"))])
        detail = in_language(refused.detail, "en")
        errors = [
            FieldProblem(field=fault.field, location=fault.location, message=in_language(fault.message, "en"))
            for fault in refused.errors
        ]
    problem = Problem(
        type=f"urn:animov:problem:{_CODES[status]}",
        title=TITLES[status].en,
        status=status,
        detail=detail,
        request_id=_REQUEST_ID,
        errors=errors,
    )
    return problem.model_dump(exclude_none=True)

"""Public keys with which other services may check our access tokens."""

from typing import Literal

from fastapi import Response
from pydantic import Field

from api.context import InContext
from api.forms.answers import Answer
from api.forms.late_routes import Router
from api.people.keyring import public_numbers

router = Router(tags=["login"])


class PublicKey(Answer):
    """An Ed25519 key (RFC 8037)."""

    kty: Literal["OKP"]
    crv: Literal["Ed25519"]
    x: str = Field(description="The key, base64url.", examples=["11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"])
    kid: str = Field(description="Header `kid` of the tokens that it checks.", examples=["9f3c1d2e4b5a6978"])
    alg: Literal["EdDSA"]
    use: Literal["sig"]


class PublicKeys(Answer):
    """A JSON Web Key Set; empty where tokens are signed with a secret."""

    keys: list[PublicKey]


@router.get("/.well-known/jwks.json")
def list_public_keys(context: InContext, response: Response) -> PublicKeys:
    """Return the keys that check access tokens, the one that signs first; those about to go included."""
    response.headers["Cache-Control"] = "public, max-age=60"
    numbers = [public_numbers(key) for key in context.signer.counting()]
    return PublicKeys(keys=[PublicKey.model_validate(one) for one in numbers if one is not None])

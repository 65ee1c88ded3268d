"""What all answers have in common."""

from pydantic import BaseModel, ConfigDict, Field


class Answer(BaseModel):
    """A JSON answer: made once, never changed, with no member that its schema does not name.

    What checks and writes it is built when the first one is made: there are two hundred kinds.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", from_attributes=True, defer_build=True)


class Page(Answer):
    """A part of a list."""

    next: str | None = Field(
        description="Pass it as `cursor` for the part that follows; null at the end of the list.",
        examples=["WyJncm91cHMiLDEyXQ"],
    )

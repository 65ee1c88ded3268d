"""The one tree of errors that AniMOV raises on purpose.

`str(error)` is a single clear sentence for the person who has to act on it;
the command line prints it and exits with 1, the API maps it to a status.
"""


class AnimovError(Exception):
    """Anything that AniMOV refuses or fails to do, told in one sentence."""


class SettingsError(AnimovError):
    """A setting has a value that is not allowed."""


class NotFoundError(AnimovError):
    """Something that was asked for by name does not exist."""

    def __init__(self, kind: str, name: object) -> None:
        super().__init__(f"there is no {kind} {str(name)!r}")
        self.kind = kind
        self.name = name


class ConflictError(AnimovError):
    """What was asked for contradicts what is already there."""


class NameRefusedError(AnimovError):
    """A name is none that people can read and write again; see `core.names.is_name`."""

    def __init__(self, kind: str, name: str) -> None:
        allowed = "1 to 100 characters that can be shown, without a space at an end"
        super().__init__(f"{name[:60]!r} can't be the name of {kind}: {allowed}")
        self.kind = kind
        self.name = name


class UnavailableError(AnimovError):
    """A server that the work needs does not answer or refuses to start."""

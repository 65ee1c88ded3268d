"""What the documents say of settings and commands, written from the code: `python -m animov.reference`.

A test holds the files in the repository to what these functions return.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import typer.main
from typer.testing import CliRunner

from animov.commands.whole import app
from core.settings import PREFIX, Settings

_BY_PLATFORM: Final = {"data_dir": "~/.local/share/animov (Linux; elsewhere where the system keeps such things)"}

_WIDTH: Final = 100
"""Columns of a command's help."""


def settings_page() -> str:
    """Return the page of all settings."""
    lines = [
        "# Settings",
        "",
        "Written by `just docs` from `core/settings.py`.",
        "A setting is an environment variable; options of a command go before it.",
        "A secret may be a file of that name in small letters in `/run/secrets` or systemd's `CREDENTIALS_DIRECTORY`.",
        "A wrong value and an unknown `ANIMOV_` variable are refused before anything starts.",
        "Spans of time are written in seconds (`300`), as in ISO 8601 (`PT5M`) or as a clock shows them (`00:05:00`).",
        "",
        "| variable | default | allowed | meaning |",
        "|---|---|---|---|",
    ]
    for name, field in _fields():
        cells = (f"`{PREFIX}{name.upper()}`", _default(name, field), _allowed(field), field["description"])
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def environment_example() -> str:
    """Return `.env.example`: every setting, commented out, with its default."""
    head = (
        "# Settings of AniMOV, each with its default; see docs/settings.md. Read by the shell, not by AniMOV itself:\n"
    )
    return head + "#   set -a; . ./.env; set +a\n" + "".join(_example(name, field) for name, field in _fields())


def commands_page() -> str:
    """Return the page of all commands with their help."""
    head = "# Commands\n\nWritten by `just docs` from the commands' own `--help`.\n"
    told = "Exit codes: 0 done, 1 refused or failed with one clear line on standard error, 2 wrong usage.\n"
    return (
        head
        + told
        + "".join(f"\n## animov {' '.join(path)}\n\n```text\n{_help(path)}```\n" for path in command_paths())
    )


def command_paths() -> list[tuple[str, ...]]:
    """Return the words of every command, groups before their members: `("db",)`, `("db", "status")`."""
    return list(_paths_in(typer.main.get_command(app), ()))


PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "docs/settings.md": settings_page,
    "docs/commands.md": commands_page,
    ".env.example": environment_example,
}
"""The files, relative to the repository's root, and what is to stand in them."""


def _fields() -> Iterator[tuple[str, dict[str, Any]]]:
    return iter(Settings.model_json_schema()["properties"].items())


def _default(name: str, field: Mapping[str, Any]) -> str:
    default = _BY_PLATFORM.get(name, field.get("default"))
    return "not set" if default is None else f"`{default}`"


def _allowed(field: Mapping[str, Any]) -> str:
    kind = next((one for one in field.get("anyOf", ()) if one["type"] != "null"), field)
    if "enum" in kind:
        return ", ".join(kind["enum"])
    if "pattern" in kind:
        return str(kind["pattern"]).strip("^$()").replace("|", ", ")
    least, most = kind.get("minimum"), kind.get("maximum")
    if least is not None:
        return f"{least} to {most}" if most is not None else f"{least} or more"
    return {"duration": "a span of time", "path": "a path"}.get(kind.get("format", ""), "text")


def _example(name: str, field: Mapping[str, Any]) -> str:
    default = "" if name in _BY_PLATFORM or field.get("default") is None else field["default"]
    return f"\n# {field['description']}\n# {PREFIX}{name.upper()}={default}\n"


def _paths_in(command: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for name, member in getattr(command, "commands", {}).items():
        yield (*path, name)
        yield from _paths_in(member, (*path, name))


def _help(path: tuple[str, ...]) -> str:
    return CliRunner().invoke(app, [*path, "--help"], prog_name="animov", terminal_width=_WIDTH).output


def main() -> None:
    """Write the files into the repository that is the present folder."""
    for place, written in PAGES.items():
        Path(place).parent.mkdir(exist_ok=True)
        Path(place).write_text(written(), "utf-8")
        sys.stdout.write(f"{place}\n")


if __name__ == "__main__":
    main()

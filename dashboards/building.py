"""The dashboards and alert rules as files, for a server that is provisioned from them."""

import json
from pathlib import Path
from typing import Final, get_args

from core.alert_texts import Language
from dashboards.boards import all_boards
from dashboards.panels import Outlet
from dashboards.rules import provisioned
from dashboards.style import Json

FOLDER: Final = Path(__file__).parent
"""Holds `json/LANGUAGE/NAME.json` and `alerting/LANGUAGE/rules.json`, as they are committed."""


def written(value: Json) -> str:
    """Return JSON as it is committed: sorted, so that a change shows as what it is."""
    return json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def files() -> dict[Path, str]:
    """Return what each generated file holds, by its path below `FOLDER`."""
    made: dict[Path, str] = {}
    for language in get_args(Language):
        outlet = Outlet(language)
        for name, board in all_boards(outlet).items():
            made[Path("json", language, f"{name}.json")] = written(board)
        made[Path("alerting", language, "rules.json")] = written(provisioned(outlet))
    return made


def build(folder: Path = FOLDER) -> int:
    """Write all files; return how many were not already so."""
    changed = 0
    for path, text in files().items():
        target = folder / path
        if not target.is_file() or target.read_text("utf-8") != text:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, "utf-8")
            changed += 1
    return changed

"""`animals states`: which animals need a look, what was seen of them, what is usual for them."""

import json
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from animov.commands.animals import Farm, OneAnimal
from animov.commands.options import DataDir, Json, language_named, settings_for

if TYPE_CHECKING:
    from core.alert_texts import Language
    from storage.animals.animal_states import Said


def add_to(app: typer.Typer) -> None:
    """Add the command of this file to those on animals."""
    app.command("states")(list_states)


def list_states(
    farm: Farm,
    group: Annotated[str | None, typer.Option("--group", help="Only this group's animals.", metavar="NAME")] = None,
    animal: OneAnimal = None,
    lang: Annotated[str, typer.Option(help="Language of the texts: en or fr.")] = "en",
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """List what is said of each animal, the worst first: seen in the last 24 hours, usual for it, and since when.

    The node looks every hour. Times are in UTC in JSON, else on the farm's wall clock.

    Example: animov animals states --farm barn --lang fr
    """
    from animov.access import node_engine
    from core.errors import NotFoundError
    from core.wallclock import zone_named
    from storage.animals import behaviour
    from storage.animals.animal_states import states_of
    from storage.herds import herd

    language = language_named(lang)
    with node_engine(settings_for("command", quiet=True, data_dir=data_dir)) as engine, engine.connect() as connection:
        farm_id = herd.find_farm(connection, farm)
        known = behaviour.animals_of(connection, farm_id)
        if animal is not None and animal not in known:
            raise NotFoundError("animal", animal)
        group_id = None if group is None else behaviour.find_group(connection, farm_id, group)
        animal_id = None if animal is None else known[animal]
        found = states_of(connection, farm_id, group_id=group_id, animal_id=animal_id)
        zone = zone_named(behaviour.basis_of(connection, farm_id).time_zone)
    told = "".join(_line(one, zone, language) for one in found)
    plain = [_plain(one) for one in found]
    sys.stdout.write(json.dumps(plain) + "\n" if as_json else told or "no animal has been looked at yet\n")


def _plain(one: "Said") -> dict[str, Any]:
    from core.state_texts import MEASURES

    fields = one.state._asdict()
    measures = {name: fields.pop(name)._asdict() for name in MEASURES}
    del fields["animal_id"]
    plain = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in fields.items()}
    return {"animal": one.animal, "group": one.group, **plain, **measures, "alerts": list(one.alerts)}


def _line(one: "Said", zone: ZoneInfo, language: "Language") -> str:
    from core.alert_texts import told
    from core.state_texts import MEASURES, REASONS, alerts_told, measure_told, state_told
    from stream.behaviour.habit import LEAST_DAYS

    state = one.state
    head = state_told(state.state, state.since, zone, language)
    why = told(REASONS[state.reason], language, {"days": state.days, "least": LEAST_DAYS}) if state.reason else ""
    measures = [measure_told(name, language, *getattr(state, name)) for name in MEASURES]
    said = [part for part in (why, *measures, alerts_told(one.alerts, language)) if part]
    group = f" ({one.group})" if one.group else ""
    return f"{one.animal + group:<24} {head}: {', '.join(said)}\n"

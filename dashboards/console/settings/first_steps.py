"""'Premiers pas': from nothing to a farm whose animals are heard, a step at a time, left and taken up as one likes."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import streamlit as st

from dashboards.console import session
from dashboards.console.said import plain, say
from dashboards.console.session import Farm, NoFarmError
from dashboards.console.settings import collars, farm, groups, herd_list, hours, told
from dashboards.console.settings.asking import done, forget, refused_at, say_done


class Step(NamedTuple):
    """A step.

    Attributes:
        name: In keys and in the catalogue.
        draw: Asks for what it is about, and stores it.
        lacks: Tells from the farm whether something is missing that can't be done without, or would be good to have.
    """

    name: str
    draw: Callable[[Farm], None]
    lacks: Callable[[Farm], bool]


def _any(path: str, **query: Any) -> Callable[[Farm], bool]:
    """Return what tells whether a list of a farm is empty."""
    return lambda farm: not session.api().get(path, farm.name, limit=1, **query)["items"]


def _bare(farm: Farm) -> bool:
    animals = list(session.api().items("/farms/{}/animals", farm.name))
    return not animals or any(not one["collar_ids"] for one in animals)


STEPS: Final = (
    Step("farm", farm.form, lambda farm: farm.facts["latitude"] is None),
    Step("groups", groups.form, _any("/farms/{}/groups")),
    Step("herd", herd_list.form, _any("/farms/{}/animals")),
    Step("collars", collars.form, _bare),
    Step("hours", hours.form, lambda farm: not farm.facts["events"]),
    Step("told", told.form, _any("/farms/{}/notifications/channels")),
)
_STEP: Final = "first_steps.step"
_NUMBERS: Final = {step.name: number for number, step in enumerate(STEPS)}


def show() -> None:
    """Draw the page."""
    st.title(say("first_steps_page"))
    say_done()
    try:
        chosen = session.farm()
    except NoFarmError:
        if not session.api().get("/me")["platform"]:
            raise
        _make_farm()
        return
    _steps(chosen)


def _steps(chosen: Farm) -> None:
    lacking = [step.name for step in STEPS if step.lacks(chosen)]
    name = st.pills(
        say("first_steps_all", done=len(STEPS) - len(lacking), count=len(STEPS)),
        [step.name for step in STEPS],
        format_func=_headings(lacking).__getitem__,
        key=session.kept(_STEP, lacking[0] if lacking else STEPS[0].name),
        required=True,
    )
    number = _NUMBERS.get(str(name), 0)
    step = STEPS[number]
    st.header(say(f"step_{step.name}"))
    step.draw(chosen)
    st.divider()
    before, after = st.columns(2)
    if number > 0:
        before.button(say("step_before"), on_click=_go, args=(number - 1,), width="stretch")
    if number + 1 < len(STEPS):
        kind = "secondary" if step.name in lacking else "primary"
        label = "step_later" if step.name in lacking else "step_after"
        after.button(say(label), on_click=_go, args=(number + 1,), width="stretch", type=kind)  # type: ignore[arg-type]
    _tell_what_lacks(lacking)
    if session.api().get("/me")["platform"]:
        with st.expander(say("farm_another")):
            _make_farm()


def _headings(lacking: list[str]) -> dict[str, str]:
    marks = {name: number + 1 if name in lacking else "✓" for name, number in _NUMBERS.items()}
    return {name: say("step_mark", mark=mark, step=say(f"step_{name}")) for name, mark in marks.items()}


def _go(number: int) -> None:
    session.put(_STEP, STEPS[number].name)


def _tell_what_lacks(lacking: list[str]) -> None:
    if not lacking:
        st.success(say("first_steps_done"))
        return
    st.markdown(
        "\n".join(
            [say("first_steps_lack"), "", *(say("fault_line", fault=say(f"step_{name}_lacks")) for name in lacking)]
        )
    )


def _make_farm() -> None:
    st.markdown(say("farm_make_help"))
    key = "first_steps.farm"
    name = (
        st.text_input(say("farm_make_name"), key=session.kept(key), placeholder=say("farm_make_example"), max_chars=64)
        or ""
    ).strip()
    slot = st.empty()
    if st.button(say("farm_make"), type="primary"):
        with refused_at(name=slot):
            session.api().post("/farms", body={"name": name})
            forget(key, _STEP)
            session.renew_farms()
            done(say("farm_made", name=plain(name)))

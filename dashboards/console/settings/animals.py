"""'Animaux': moved to another group, collars exchanged, replaced and given back, each from an instant on."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import streamlit as st

from dashboards.console import session
from dashboards.console.said import plain, say
from dashboards.console.session import Farm
from dashboards.console.settings import assigning, moments
from dashboards.console.settings.asking import done, forget, labels, may_change, refused_at, say_done, table
from dashboards.console.settings.collars import ask_mount

_DEEDS: Final = ("move", "give_back", "swap", "mount", "rename")


def show() -> None:
    """Draw the page."""
    st.title(say("animals_page"))
    say_done()
    farm = session.farm()
    animals = {one["id"]: one for one in session.api().items("/farms/{}/animals", farm.name)}
    collars = {one["id"]: one for one in session.api().items("/farms/{}/collars", farm.name)}
    now = moments.now()
    if animals:
        headings = [say(name) for name in ("herd_animal", "herd_group", "herd_collar", "heard")]
        st.markdown(table(headings, [_row(one, collars, now) for one in animals.values()]))
    else:
        st.info(say("animals_none"))
    if not may_change(farm, "manager"):
        return
    _proposed(farm)
    if animals:
        _change(farm, animals, collars, now)
    _add(farm)


def _row(animal: Mapping[str, Any], collars: Mapping[int, Any], now: datetime) -> tuple[object, ...]:
    worn = [collars[number] for number in animal["collar_ids"] if number in collars]
    last = max((one["last_heard"] for one in worn if one["last_heard"]), default=None)
    heard = last and moments.age((now - moments.instant(last)).total_seconds())
    group = animal["group"] and animal["group"]["name"]
    return animal["name"], group, ", ".join(one["name"] for one in worn), heard


def _proposed(farm: Farm) -> None:
    """Show which animals seem to have exchanged collars, for somebody to say so."""
    for swap in session.api().get("/farms/{}/swaps", farm.name)["items"]:
        one, other = (animal["name"] for animal in swap["animals"])
        with st.container(border=True):
            at = moments.shown(moments.instant(swap["start"]), farm.zone)
            st.warning(say("swap_proposed", one=plain(one), other=plain(other), at=at))
            if st.button(say("swap_confirm"), key=f"swap.{one}.{other}"):
                pair = [animal["id"] for animal in swap["animals"]]
                _swap(farm, pair, swap["start"])
                done(say("swapped", one=one, other=other))


def _change(farm: Farm, animals: Mapping[int, Any], collars: Mapping[int, Any], now: datetime) -> None:
    key = f"animals.{farm.name}"
    chosen = st.selectbox(
        say("herd_animal"),
        list(animals),
        index=None,
        format_func=lambda number: animals[number]["name"] if number in animals else "",
        key=session.kept(f"{key}.animal"),
        placeholder=say("animal_choose"),
    )
    if chosen is None:
        return
    animal = animals[chosen]
    deed = st.segmented_control(
        say("what_happened"),
        _DEEDS,
        format_func=labels("deed", _DEEDS),
        key=session.kept(f"{key}.deed", "move"),
        required=True,
    )
    with st.container(border=True), refused_at():
        if deed == "move":
            _move(farm, animal, now)
        elif deed == "give_back":
            _give_back(farm, animal, collars, now)
        elif deed == "swap":
            _exchange(farm, animal, animals, now)
        elif deed == "mount":
            _mount(farm, animal, collars)
        else:
            _rename(farm, animal)


def _move(farm: Farm, animal: Mapping[str, Any], now: datetime) -> None:
    groups = {one["id"]: one["name"] for one in session.api().items("/farms/{}/groups", farm.name)}
    key, present = f"animals.{farm.name}.{animal['id']}.move", animal["group"] and animal["group"]["id"]
    others = [number for number in groups if number != present]
    group = st.selectbox(
        say("move_to"), others, format_func=lambda number: groups.get(number, ""), index=None, key=session.kept(key)
    )
    since = moments.ask_since(key, farm.zone, None, now)
    if group is None or since is None:
        return
    before = animal["group"]["name"] if animal["group"] else say("no_group")
    values = {"animal": animal["name"], "group": groups[group], "before": before}
    told = {name: plain(value) for name, value in values.items()}
    st.caption(say("move_then", at=moments.shown(since, farm.zone), **told))
    if st.button(say("confirm"), type="primary", key=f"{key}.confirm"):
        wanted = {"animal": animal["id"], "group": group, "start": since.isoformat()}
        session.api().post("/farms/{}/memberships", farm.name, body=wanted)
        forget(key, f"{key}.since", f"{key}.at")
        done(say("moved", **values))


def _give_back(farm: Farm, animal: Mapping[str, Any], collars: Mapping[int, Any], now: datetime) -> None:
    if not animal["collar_ids"]:
        st.info(say("wears_none", animal=plain(animal["name"])))
        return
    key = f"animals.{farm.name}.{animal['id']}.back"
    collar = st.radio(
        say("herd_collar"),
        animal["collar_ids"],
        format_func=lambda number: collars[number]["name"],
        key=session.kept(key),
    )
    since = moments.ask_since(key, farm.zone, None, now)
    if since is None:
        return
    values = {"animal": animal["name"], "collar": collars[collar]["name"]}
    told = {name: plain(value) for name, value in values.items()}
    st.caption(say("back_then", at=moments.shown(since, farm.zone), **told))
    if st.button(say("confirm"), type="primary", key=f"{key}.confirm"):
        assigning.take_off(session.api(), farm.name, collar, since)
        forget(key, f"{key}.since", f"{key}.at")
        done(say("given_back", **values))


def _exchange(farm: Farm, animal: Mapping[str, Any], animals: Mapping[int, Any], now: datetime) -> None:
    key = f"animals.{farm.name}.{animal['id']}.swap"
    others = [number for number, one in animals.items() if one["collar_ids"] and number != animal["id"]]
    other = st.selectbox(
        say("swap_with"),
        others,
        format_func=lambda number: animals[number]["name"] if number in animals else "",
        index=None,
        key=session.kept(key),
    )
    since = moments.ask_since(key, farm.zone, None, now)
    if other is None or since is None:
        return
    values = {"one": animal["name"], "other": animals[other]["name"]}
    told = {name: plain(value) for name, value in values.items()}
    st.caption(say("swap_then", at=moments.shown(since, farm.zone), **told))
    if st.button(say("confirm"), type="primary", key=f"{key}.confirm"):
        _swap(farm, [animal["id"], other], since.isoformat())
        forget(key, f"{key}.since", f"{key}.at")
        done(say("swapped", **values))


def _swap(farm: Farm, animals: list[int], start: str) -> None:
    session.api().post("/farms/{}/swaps", farm.name, body={"animals": animals, "start": start})


def _mount(farm: Farm, animal: Mapping[str, Any], collars: Mapping[int, Any]) -> None:
    """Correct where a collar sits, for all that it ever sent."""
    if not animal["collar_ids"]:
        st.info(say("wears_none", animal=plain(animal["name"])))
    for number in animal["collar_ids"]:
        collar, key = collars[number], f"animals.{farm.name}.mount.{number}"
        st.markdown(say("strong", text=plain(collar["name"])))
        mount = ask_mount(key, None if collar["mount"] == "unknown" else collar["mount"])
        st.caption(say("mount_then"))
        if st.button(say("confirm"), key=f"{key}.confirm", disabled=mount in {None, collar["mount"]}):
            session.api().patch("/farms/{}/collars/{}", farm.name, number, body={"mount": mount})
            done(say("mount_said", collar=collar["name"], mount=say(f"mount_{mount}")))


def _rename(farm: Farm, animal: Mapping[str, Any]) -> None:
    key = f"animals.{farm.name}.{animal['id']}.name"
    name = (st.text_input(say("animal_name"), key=session.kept(key, animal["name"]), max_chars=100) or "").strip()
    slot, place = st.empty(), ("/farms/{}/animals/{}", farm.name, animal["id"])
    with refused_at(name=slot):
        if st.button(say("rename"), key=f"{key}.rename"):
            session.api().patch(*place, body={"name": name})
            done(say("renamed", name=name))
        if st.button(say("remove"), key=f"{key}.remove", help=say("animal_remove_help")):
            session.api().delete(*place)
            forget(f"animals.{farm.name}.animal")
            done(say("removed", name=animal["name"]))


def _add(farm: Farm) -> None:
    key = f"animals.{farm.name}.new"
    with st.expander(say("animal_add")):
        name = (
            st.text_input(say("animal_name"), key=session.kept(key), placeholder=say("animal_example")) or ""
        ).strip()
        slot = st.empty()
        if st.button(say("add"), key=f"{key}.add"):
            with refused_at(name=slot):
                session.api().post("/farms/{}/animals", farm.name, body={"name": name})
                forget(key)
                done(say("animal_added", name=name))

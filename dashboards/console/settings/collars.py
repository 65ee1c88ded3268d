"""'Nouveaux colliers': those that speak and belong to nobody, put on animals one after the other."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import streamlit as st

from dashboards.console import session
from dashboards.console.said import plain, say
from dashboards.console.session import Farm
from dashboards.console.settings import assigning, moments, naming, network
from dashboards.console.settings.asking import by_itself, done, forget, labels, may_change, refused_at, say_done
from dashboards.console.settings.assigning import Wish

EVERY_S: Final = 3.0
"""Seconds after which the page looks again who speaks."""

MOUNTS: Final = ("leg", "collar", "ear")
_MOUNT: Final = "collars.mount"
_GROUP: Final = "collars.group"


class Herd(NamedTuple):
    """What collars can be put on: animals by name, as the API tells them, and names of groups."""

    animals: Mapping[str, Mapping[str, Any]]
    groups: Sequence[str]
    now: datetime


def show() -> None:
    """Draw the page."""
    st.title(say("collars_page"))
    say_done()
    form(session.farm())


def form(farm: Farm) -> None:
    """Show who speaks, and ask who wears it."""
    st.caption(say("collars_help"))
    may_change(farm, "manager")
    _live(farm)
    with st.expander(say("collars_silent_help")):
        st.markdown(say("collars_silent", farm=plain(farm.name)))
        if farm.may("manager"):
            network.credentials(farm)
    network.devices(farm)


@st.fragment(run_every=EVERY_S)
def _live(farm: Farm) -> None:
    by_itself(lambda: _speaking(farm))


def _speaking(farm: Farm) -> None:
    found = list(session.api().items("/farms/{}/unworn-collars", farm.name))
    heard = [one for one in found if one["last_heard"] is not None]
    if not heard:
        st.info(say("collars_none"))
        return
    st.markdown(say("collars_waiting", count=len(heard)))
    herd = _herd(farm)
    for collar in sorted(heard, key=_order):
        with st.container(border=True):
            _one(farm, collar, herd)
    if silent := [plain(one["name"]) for one in found if one["last_heard"] is None]:
        st.caption(say("collars_never_heard", names=", ".join(silent)))


def _order(collar: Mapping[str, Any]) -> tuple[str, list[tuple[str, int]]]:
    """Return what sorts collars by the minute since when they speak, so that a new one moves none, and by name."""
    parts = re.findall(r"(\D*)(\d*)", collar["name"])
    return (collar["first_heard"] or collar["last_heard"])[:16], [(text, int(number or -1)) for text, number in parts]


def _herd(farm: Farm) -> Herd:
    api = session.api()
    animals = {one["name"]: one for one in api.items("/farms/{}/animals", farm.name)}
    groups = [one["name"] for one in api.items("/farms/{}/groups", farm.name)]
    bare = sorted(animals, key=lambda name: (bool(animals[name]["collar_ids"]), name.casefold()))
    return Herd({name: animals[name] for name in bare}, groups, moments.now())


def _one(farm: Farm, collar: Mapping[str, Any], herd: Herd) -> None:
    _told(farm, collar, herd.now)
    if not farm.may("manager"):
        return
    key = f"collars.{farm.name}.{collar['id']}"
    named = {name: _named(herd, name) for name in herd.animals}
    label = say("collar_animal", collar=collar["name"])
    if name := naming.ask(label, f"{key}.animal", named, example=say("collar_animal_example")):
        _confirm(farm, collar, herd, name)


def _told(farm: Farm, collar: Mapping[str, Any], now: datetime) -> None:
    heard = moments.age((now - moments.instant(collar["last_heard"])).total_seconds())
    parts = [say("collar_heard", age=heard)]
    if collar["first_heard"] is not None:
        parts.append(say("collar_since", at=moments.shown(moments.instant(collar["first_heard"]), farm.zone)))
        parts.append(say("collar_recent", minutes=-(-collar["recent_s"] // 60)))
    if collar["battery_v"] is not None:
        parts.append(say("collar_battery", volts=collar["battery_v"]))
    if collar["mount"] != "unknown":
        parts.append(say(f"mount_{collar['mount']}"))
    st.markdown(say("collar_line", name=plain(collar["name"]), told=" · ".join(parts)))


def _named(herd: Herd, name: str) -> str:
    known = herd.animals[name]
    group = known["group"] and known["group"]["name"]
    worn = say("wears_one") if known["collar_ids"] else None
    return " · ".join(part for part in (name, group, worn) if part)


def _confirm(farm: Farm, collar: Mapping[str, Any], herd: Herd, name: str) -> None:
    """Ask for the rest, tell what it changes, and do it."""
    key, known = f"collars.{farm.name}.{collar['id']}", herd.animals.get(name)
    group = _group(key, herd) if known is None or known["group"] is None else None
    first = moments.read(collar["first_heard"])
    since = moments.ask_since(key, farm.zone, first, herd.now)
    mount = ask_mount(f"{key}.mount", st.session_state.get(_MOUNT)) if collar["mount"] == "unknown" else None
    is_unread = collar["mount"] == "unknown" and mount is None
    instead_of = [] if known is None else known["collar_ids"]
    if instead_of:
        st.warning(say("collar_instead", animal=plain(name)))
    if is_unread:
        st.warning(say("mount_first"))
    elif since is not None:
        told = say("collar_then", collar=plain(collar["name"]), animal=plain(name), at=moments.shown(since, farm.zone))
        st.caption(told if known is not None else " ".join([say("animal_is_new", animal=plain(name)), told]))
    if (
        st.button(
            say("collar_confirm", collar=collar["name"], animal=name),
            type="primary",
            key=f"{key}.confirm",
            width="stretch",
            disabled=is_unread or since is None,
        )
        and since is not None
    ):
        with refused_at():
            wish = Wish(collar, name, group, since, mount, instead_of)
            assigning.put_on(session.api(), farm.name, wish)
            _remember(mount, group)
            forget(f"{key}.animal", f"{key}.since", f"{key}.at")
            done(say("collar_assigned", collar=collar["name"], animal=name))


def _remember(mount: str | None, group: str | None) -> None:
    """Propose the same for the next collar."""
    st.session_state[_MOUNT] = mount or st.session_state.get(_MOUNT)
    st.session_state[_GROUP] = group or st.session_state.get(_GROUP)


def ask_mount(key: str, at_first: str | None) -> str | None:
    """Ask where a collar sits; a collar before it that sat somewhere is a good guess."""
    mount: str | None = st.segmented_control(
        say("mount"),
        MOUNTS,
        format_func=labels("mount", MOUNTS),
        key=session.kept(key, at_first),
        help=say("mount_help"),
    )
    return mount


def _group(key: str, herd: Herd) -> str | None:
    """Ask for the group of an animal that has none: that of the animal before it, unless another is chosen."""
    last = st.session_state.get(_GROUP)
    options = list(herd.groups) if last is None or last in herd.groups else [*herd.groups, last]
    known = {name: name for name in options}
    return (
        naming.ask(say("collar_group"), f"{key}.group", known, example=say("collar_group_example"), at_first=last)
        or None
    )

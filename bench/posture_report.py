"""What `animov bench posture` prints for people."""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any, Final

AIM_SAMPLES: Final = 500_000


def told(found: Mapping[str, Any]) -> str:
    """Write what was measured for people."""
    parts = [_setting(found)]
    parts += [_simulated(found["simulated"])] if "simulated" in found else []
    parts += [_recorded(found["recorded"], found["published"])] if "recorded" in found else []
    return "\n".join(chain(*parts)) + "\n"


def _setting(found: Mapping[str, Any]) -> Iterator[str]:
    on, rate = found["machine"], found["samples_per_cpu_s"]
    libraries = ", ".join(f"{name} {version}" for name, version in on["libraries"].items())
    yield f"{on['system']}, {on['processors']} x {on['processor']}, load {on['load']}"
    yield f"Python {on['python']}, {libraries}; {found['cpu_s']} CPU seconds"
    yield (
        f"samples classified a CPU second: {rate['at_once']:,} in many messages at once (aim {AIM_SAMPLES:,}),"
        f" {rate['one_by_one']:,} in messages of ten seconds one by one"
    )


def _simulated(found: Mapping[str, Any]) -> Iterator[str]:
    yield ""
    yield f"simulated, mount {found['mount']}, 10 Hz: {found['goats']} goats, seeds {found['seeds']}; second day"
    yield from _rules(found["rules"])
    yield from _behaviours(found["by_behaviour"])
    yield ""
    yield f"{found['turned']} collars turn at noon; aim: never wrong for more than 30 minutes without a break after it"
    yield (
        f"{'':<18}{'longest wrong, min':>20}{'before':>9}{'not turned':>12}{'over 30 min':>13}   wrong of known:"
        + "".join(f"{span:>12}" for span in ("before", *_first(found["rotation"])["wrong_of_known_after"]))
    )
    for rule, after in found["rotation"].items():
        shares = (after["wrong_of_known_before"], *after["wrong_of_known_after"].values())
        yield (
            f"{rule:<18}{_number(after['longest_wrong_min'], 20)}{_number(after['longest_wrong_before_min'], 9)}"
            f"{_number(found['longest_wrong_not_turned_min'][rule], 12)}{after['collars_wrong_over_30_min']:>13}"
            + " " * 18
            + "".join(_percent(share, 12) for share in shares)
        )
    yield "each turn, degrees: noticed after, min; longest wrong, min: " + ", ".join(found["rotation"])
    for turn in found["turns"]:
        longest = "".join(_number(of, 8) for of in turn["longest_wrong_min"].values())
        degrees = f"{turn['roll_deg']:+.0f} around, {turn['pitch_deg']:+.0f} along"
        yield f"  {degrees:<24}{_number(turn['noticed_min'], 8)};{longest}"


def _recorded(found: Mapping[str, Any], published: list[str]) -> Iterator[str]:
    yield ""
    if "legs" in found:
        yield f"{found['folder']}, leg tags: share of the time standing after the 10 s majority filter, bouts"
        for one in found["legs"]:
            yield (
                f"{one['animal']:<18} standing {one['standing']:.4f} of {one['known_s']:,} s;"
                f" {one['bouts']} bouts, {one['lying_bouts']} of them lying"
            )
        return
    yield f"{found['folder']}: {len(found['animals'])} animals, {found['samples']:,} samples; each judged by the others"
    yield f"labelled standing or lying, s: {dict(zip(found['animals'], found['labelled_s'], strict=True))}"
    yield from _rules(found["rules"])
    yield from _behaviours(found["by_behaviour"])
    yield ""
    yield "published, %:"
    yield from (f"  {line}" for line in published)


def _rules(rules: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    yield (
        f"{'':<18}{'balanced':>9}{'unknown':>9}  standing: {'found':>7}{'precise':>9}"
        f"  lying: {'found':>7}{'precise':>9}"
        "   s standing: right, wrong, unknown; s lying; balanced by animal"
    )
    for name, one in rules.items():
        stands, lies = one["confusion_s"]["standing"], one["confusion_s"]["lying"]
        animals = [figure for figure in one["by_animal"] if figure is not None]
        spread = f"{min(animals):.2f}-{max(animals):.2f}" if animals else "-"
        yield (
            f"{name:<18}{_percent(one['balanced_accuracy'], 9)}{_percent(one['unknown'], 9)}{'':>12}"
            f"{_percent(one['standing_found'], 7)}{_percent(one['standing_precision'], 9)}{'':>9}"
            f"{_percent(one['lying_found'], 7)}{_percent(one['lying_precision'], 9)}"
            f"   {stands['standing']:,}, {stands['lying']:,}, {stands['unknown']:,};"
            f" {lies['lying']:,}, {lies['standing']:,}, {lies['unknown']:,}; {spread}"
        )


def _behaviours(found: Mapping[str, Mapping[str, Mapping[str, float | None]]]) -> Iterator[str]:
    yield ""
    yield f"{'% of its time':<22}{'share':>7}" + "".join(f"{rule + ': wrong, unknown':>34}" for rule in found)
    for name, one in _first(found).items():
        cells = (f"{_percent(of[name]['wrong'], 24)},{_percent(of[name]['unknown'], 9)}" for of in found.values())
        yield f"{name:<22}{_percent(one['share'], 7)}" + "".join(cells)


def _first(mapping: Mapping[str, Any]) -> Any:
    return next(iter(mapping.values()))


def _percent(share: float | None, width: int) -> str:
    return ("-" if share is None else f"{100 * share:.1f}").rjust(width)


def _number(number: float | None, width: int) -> str:
    return ("-" if number is None else f"{number:.1f}").rjust(width)

"""What `animov bench posture` prints for people."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Final

AIM_SAMPLES: Final = 500_000


def told(found: Mapping[str, Any]) -> str:
    """Write what was measured for people."""
    parts = [_setting(found)]
    parts += [_simulated(found["simulated"])] if "simulated" in found else []
    parts += [_recorded(found["recorded"])] if "recorded" in found else []
    parts += [_published(found["published"])] if "published" in found else []
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
    yield "labels: ten minutes of each posture of the herd's goats, a day before; from others' on: of other goats alone"
    yield from _rules(found["rules"])
    yield from _behaviours(found["by_behaviour"])
    yield from _days(found["days"])
    yield f"a worn collar was still for {_percent(found['still'], 0)} % of three hours at most"
    yield from _rotation(found)


def _days(found: Mapping[str, Mapping[str, Mapping[str, float]]]) -> Iterator[str]:
    yield ""
    yield f"{'a day: mean (mean error)':<26}" + "".join(f"{rule:>24}" for rule in _first(found))
    for measure, by_rule in found.items():
        cells = (f"{one['mean']:.2f} ({one['mean_error']:.2f})" for one in by_rule.values())
        yield f"{measure:<26}" + "".join(f"{cell:>24}" for cell in cells)


def _rotation(found: Mapping[str, Any]) -> Iterator[str]:
    yield ""
    yield f"{found['turned']} collars turn at noon; aim: never wrong for more than 30 minutes without a break after it"
    yield (
        f"{'longest wrong, min':<18}{'after':>10}{'over 30':>9}{'before':>9}"
        f"   not turned:{'after':>7}{'over 30':>9}{'all day':>9}   wrong of known, %:"
        + "".join(f"{span:>12}" for span in ("before", *_first(found["rotation"])["wrong_of_known_after"]))
    )
    for rule, after in found["rotation"].items():
        shares, rest = (
            (after["wrong_of_known_before"], *after["wrong_of_known_after"].values()),
            found["not_turned"][rule],
        )
        yield (
            f"{rule:<18}{_number(after['longest_wrong_min'], 10)}{after['collars_wrong_over_30_min']:>9}"
            f"{_number(after['longest_wrong_before_min'], 9)}{'':>14}{_number(rest['longest_wrong_min'], 7)}"
            f"{rest['collars_wrong_over_30_min']:>9}{_number(rest['longest_wrong_all_day_min'], 9)}{'':>21}"
            + "".join(_percent(share, 12) for share in shares)
        )
    rest = _first(found["not_turned"])["collars"]
    yield f"told as turned though nobody turned them: {found['turns_told_of_not_turned']} of {rest} collars"
    yield "each turn, degrees: noticed after, min; longest wrong, min: " + "; ".join(found["rotation"])
    for turn in found["turns"]:
        longest = "".join(_number(of, 8) for of in turn["longest_wrong_min"].values())
        degrees = f"{turn['roll_deg']:+.0f} around, {turn['pitch_deg']:+.0f} along"
        yield f"  {degrees:<24}{_number(turn['noticed_min'], 8)};{longest}"


def _recorded(found: Mapping[str, Any]) -> Iterator[str]:
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


def _published(lines: Sequence[str]) -> Iterator[str]:
    yield ""
    yield "published, %, of others' animals:"
    yield from (f"  {line}" for line in lines)


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
    yield f"{'wrong, unknown, %':<22}{'share':>7}" + "".join(f"{rule:>22}" for rule in found)
    for name, one in _first(found).items():
        cells = (f"{_percent(of[name]['wrong'], 15)},{_percent(of[name]['unknown'], 6)}" for of in found.values())
        yield f"{name:<22}{_percent(one['share'], 7)}" + "".join(cells)


def _first(mapping: Mapping[str, Any]) -> Any:
    return next(iter(mapping.values()))


def _percent(share: float | None, width: int) -> str:
    return ("-" if share is None else f"{100 * share:.1f}").rjust(width)


def _number(number: float | None, width: int) -> str:
    return ("-" if number is None else f"{number:.1f}").rjust(width)

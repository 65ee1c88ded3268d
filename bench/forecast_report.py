"""What `animov bench forecast` prints for people."""

from typing import Any


def told(found: dict[str, Any]) -> str:
    """Write what was measured for people."""
    return "\n".join([*_setting(found), *_batches(found), *_cycles(found), *_rivals(found)]) + "\n"


def _setting(found: dict[str, Any]) -> list[str]:
    on = found["machine"]
    libraries = ", ".join(f"{name} {version}" for name, version in on["libraries"].items())
    return [
        f"{on['system']}, {on['processors']} x {on['processor']}, load {on['load']}",
        f"Python {on['python']}, {libraries}; one thread each; seed {found['seed']}",
        f"{found['specification']}; seconds are of the processor's time unless called wall",
    ]


def _batches(found: dict[str, Any]) -> list[str]:
    lines = ["", "gaps        series   refit s  update s  forecast s  refit ms a series  peak MB   load"]
    for one in found["batches"]:
        each = 1000 * one["refit_s"] / one["series"]
        lines.append(
            f"{one['gaps']:<10} {one['series']:>7,} {one['refit_s']:>9.3f} {one['update_s']:>9.4f}"
            f" {one['forecast_s']:>11.4f} {each:>18.3f} {one['peak_bytes'] / 1e6:>8.0f} {one['load']:>6.1f}"
        )
    return [
        *lines,
        "(a refit ends with a forecast of 192 steps with bands; a forecast alone is from parameters that are kept)",
    ]


def _cycles(found: dict[str, Any]) -> list[str]:
    if not found["cycles"]:
        return []
    lines = ["", "                              a slot in the middle of a day          of a day's first  second"]
    lines.append(
        "groups  farms  forecasts  wall s  worker CPU s  PostgreSQL CPU s   CPU s of both         peak MB  load"
    )
    lines += [
        f"{one['groups']:>6,} {one['farms']:>6,} {one['forecasts']:>10,} {one['wall_s']:>7.2f} {one['worker_s']:>13.2f}"
        f" {one['database_s']:>17.2f} {_both(one['new_day'][0]):>15.2f} {_both(one['new_day'][1]):>7.2f}"
        f" {one['peak_bytes'] / 1e6:>8.0f} {one['load']:>5.1f}"
        for one in found["cycles"]
    ]
    measured, goats = found["cycles"][0]["slots"], found["goats_per_group"]
    return [
        *lines,
        "(a slot of every farm, herds too: histories read, forecasts made and written, each series' last window scored",
        f" against 192 forecasts; median of {measured} slots; {goats} goats a group; the first slot of a UTC day",
        " also works out the factors of its bands, the second the rules of its alerts)",
    ]


def _both(spent: dict[str, float]) -> float:
    return spent["worker_s"] + spent["database_s"]


def _rivals(found: dict[str, Any]) -> list[str]:
    rivals = found["rivals"]
    if not rivals["judged"]:
        return []
    lines = ["", f"{'fit and forecast of a series, one after another':<56} CPU ms      ratio   RMSE  to ours"]
    for one in rivals["judged"]:
        error = "" if one["rmse_ratio_error"] is None else f" +- {one['rmse_ratio_error']:.3f}"
        lines.append(
            f"{one['name']:<54} {one['cpu_ms']:>8.2f} {one['cpu_ratio']:>10,.2f} {one['rmse']:>6.4f}"
            f"  {one['rmse_ratio']:.3f}{error}"
        )
    lines.append(f"(for all the same {rivals['sample']} series and 48 hours: of errors a small sample says little)")
    if rivals["left_out"]:
        lines.append(f"left out, not installed: {', '.join(rivals['left_out'])}")
        lines.append("all of them: uv run --group rivals animov bench forecast")
    return lines

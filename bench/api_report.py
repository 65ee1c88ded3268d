"""What `animov bench api` prints for people."""

from typing import Any, Final

MOST_MS: Final = 20.0
LEAST_OF_COPY: Final = 0.5
MOST_BYTES: Final = 300_000_000
MOST_S: Final = 1.5


def told(found: dict[str, Any]) -> str:
    """Write what was measured for people."""
    parts = (_setting(found), _calls(found), _views(found), _exports(found), _aims(found))
    return "\n".join(line for part in parts for line in part) + "\n"


def _setting(found: dict[str, Any]) -> list[str]:
    on = found["machine"]
    libraries = ", ".join(f"{name} {version}" for name, version in on["libraries"].items())
    return [
        f"{on['system']}, {on['processors']} x {on['processor']}, load {on['load']} to {found['load']}",
        f"Python {on['python']}, {libraries}; one process serves; seed {found['seed']}",
        f"{found['animals']:,} animals, {found['days']} days: {found['windows']:,} windows",
    ]


def _calls(found: dict[str, Any]) -> list[str]:
    lines = ["", f"{'the call, one by one':>57}{'its queries alone, by psycopg':>49}"]
    lines.append("                            bytes  p50 ms  p99 ms      /s  CPU ms  queries  p50 ms  p99 ms      /s")
    for one in found["calls"]:
        line = f"{one['name']:<22} {one['bytes']:>10,} {_latency(one)} {one['cpu_ms']:>7.2f}"
        lines.append(line + (f" {one['queries']:>8} {_latency(one['bare'])}" if one["bare"] else ""))
    return [*lines, "(CPU: of the API's process)"]


def _latency(one: dict[str, Any]) -> str:
    return f"{one['p50_ms']:>7.1f} {one['p99_ms']:>7.1f} {one['per_s']:>7.0f}"


def _views(found: dict[str, Any]) -> list[str]:
    lines = ["", "the last 48 h of a group with its forecast, asked for at a fixed rate, timed as planned"]
    lines.append("requests/s  p50 ms  p99 ms  share of a processor  of the database's  refused   load")
    lines += [
        f"{one['views_per_s']:>10} {one['view']['p50_ms']:>7.1f} {one['view']['p99_ms']:>7.1f}"
        f" {one['cpu_share']:>21.2f} {one['database_cpu_share']:>18.2f} {one['refused']:>8} {one['load']:>6.1f}"
        for one in found["views"]
    ]
    return lines


def _exports(found: dict[str, Any]) -> list[str]:
    lines = ["", "CSV                        rows       MB   rows/s  COPY's rows/s  of it  of it by processor time"]
    for one in found["exports"]:
        api, copy = one["api"], one["copy"]
        by_cpu = "" if one["of_copy_cpu"] is None else f"{one['of_copy_cpu']:>24.2f}"
        lines.append(
            f"{one['name']:<20} {api['rows']:>10,} {api['bytes'] / 1e6:>8.1f} {api['rows'] / api['wall_s']:>8,.0f}"
            f" {copy['rows'] / copy['wall_s']:>14,.0f} {one['of_copy']:>6.2f} {by_cpu}"
        )
    return lines


def _aims(found: dict[str, Any]) -> list[str]:
    view, group = found["views"][-1], found["exports"][1]
    live, start = found["live"], found["start"]
    return [
        "",
        _aim(
            view["view"]["p99_ms"] < MOST_MS and not view["refused"],
            f"48 h of a group with its forecast, p99 at {view['views_per_s']} requests/s on one worker:"
            f" {view['view']['p99_ms']:.1f} ms (less than {MOST_MS:.0f}), load {view['load']}",
        ),
        _aim(
            group["of_copy"] >= LEAST_OF_COPY,
            f"CSV of {group['name']}: {group['of_copy']:.2f} of COPY's rate ({LEAST_OF_COPY} or more)",
        ),
        _aim(
            live["bytes"] < MOST_BYTES,
            f"{live['listeners']:,} idle listeners: {live['bytes'] / 1e6:.0f} MB"
            f" (less than {MOST_BYTES / 1e6:.0f}; {live['before_bytes'] / 1e6:.0f} without them),"
            f" {live['cpu_ms_each']:.1f} ms of the processor to let one in",
        ),
        _aim(
            start["start_s"] < MOST_S,
            f"a start and its first answer: {start['start_s']:.2f} s of the processor (less than {MOST_S}),"
            f" the libraries alone {start['import_s']:.2f}, up to the description {start['described_s']:.2f}",
        ),
    ]


def _aim(met: object, sentence: str) -> str:
    return f"{'met:    ' if met else 'missed: '}{sentence}"

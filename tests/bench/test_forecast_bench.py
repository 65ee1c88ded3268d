"""The bench of forecasting measures what it says: true histories, a truth that nobody saw, steady scores."""

import os
import subprocess
import sys
import time
from datetime import timedelta
from operator import truediv
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from sqlalchemy import text

from bench import forecast_region, forecasting
from bench.alone import ONE_THREAD, alone
from bench.forecast import DAYS, design, herds
from bench.forecast_cycles import Cycles, Spent
from bench.forecast_filling import fill
from bench.forecast_judging import JUDGED_DAYS, judge
from bench.forecast_past import repeat_issues
from bench.forecast_region import FIRST, KNOWN, START, Region, arrive, farm_ids
from bench.forecast_report import told
from bench.forecast_rivals import RIVALS, Rival, filled, joint_sarimax
from bench.machine import machine
from bench.processes import cpu_seconds, descendants, family_cpu_seconds, is_alive
from bench.waiting import wait_until
from core.timeline import BUCKET
from forecast.rolling.cycle import run_cycle
from forecast.specification import HORIZON
from storage.engine.database import scoped_to
from storage.forecasting import forecasts, issuing
from storage.measurements import ratios, series

SAMPLE, SEED = 2, 3
N = DAYS * 96


def test_work_is_done_in_a_process_of_its_own_with_one_thread():
    process, peak = alone(os.getpid)

    assert process != os.getpid()
    assert 1e6 < peak < 1e9
    assert [alone(os.getenv, name)[0] for name in sorted(ONE_THREAD)[:1]] == ["1"]


def test_what_goes_wrong_there_goes_wrong_here():
    with pytest.raises(ZeroDivisionError):
        alone(truediv, 1, 0)


def test_the_processor_time_of_a_process_is_told_however_little_it_is():
    before = time.process_time()
    spent = cpu_seconds(os.getpid())

    assert before <= spent <= time.process_time()


def test_the_processor_time_of_children_that_have_ended_is_counted():
    busy = "import time\nwhile time.process_time() < 1: pass"
    parent = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {busy!r}])\nprint(flush=True)\ninput()"
    with subprocess.Popen([sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        spent = family_cpu_seconds(process.pid)
        process.stdin.write(b"\n")

    assert spent >= 0.98


@pytest.fixture
def region(engine, monkeypatch):
    """Three groups on two farms, measured for weeks."""
    monkeypatch.setattr(forecast_region, "GOATS", 2)
    wanted = Region(groups=3, groups_per_farm=2, slots=3, seed=SEED)
    fill(engine, wanted, wanted.ratios())
    return wanted


def followed(engine):
    """The farms, each with its series."""
    with engine.begin() as connection:
        return [(farm, series.ensure_series(connection, farm)) for farm in farm_ids(connection)]


def test_the_histories_of_a_region_are_the_series_that_were_drawn(engine, region):
    ratios, found = region.ratios(), []
    for farm, of_farm in followed(engine):
        with scoped_to(engine, [farm]) as connection:
            for one in of_farm:
                if one.kind == "group":
                    measured = series.history(connection, one, START, FIRST)
                    row = np.full(KNOWN, np.nan)
                    row[[(bucket.bucket - START) // BUCKET for bucket in measured]] = [
                        bucket.standing_ratio for bucket in measured
                    ]
                    found.append(row)

    np.testing.assert_allclose(found, ratios[:, :KNOWN], atol=0.5 / 900 + 1e-9)
    assert len(found) == region.groups
    assert region.farms == 2


def kept_days(engine):
    """What is kept of each series and day."""
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT series_id, day, ratios FROM series_day ORDER BY series_id, day")).all()
        begun = connection.execute(text("SELECT DISTINCT known_since, coverage FROM series")).all()
    return [row[:2] for row in rows], np.array([row.ratios for row in rows]), begun


def test_the_days_that_are_filled_in_are_those_that_the_windows_make(engine, region):
    whose, filled_in, begun = kept_days(engine)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM series_day"))
        connection.execute(text("UPDATE series SET known_since = NULL, coverage = NULL"))
        for farm in farm_ids(connection):
            ratios.refresh(connection, farm, START, FIRST)
    made_of, made, since = kept_days(engine)

    assert whose == made_of
    assert begun == since
    np.testing.assert_array_equal(filled_in, made)


def test_an_earlier_forecast_says_of_a_time_of_day_what_the_newest_says(engine, region):
    with engine.connect() as connection:
        farm = farm_ids(connection)[0]
    run_cycle(engine, farm, FIRST, history_days=DAYS)
    repeat_issues(engine)
    at, noon = FIRST - 130 * BUCKET, FIRST + 30 * BUCKET
    with scoped_to(engine, [farm]) as connection:
        one = series.series_of(connection, farm)[0].id
        newest, earlier = (forecasts.latest(connection, one, until=until) for until in (FIRST, at))
        of_block = told_for(connection, farm, one, noon)
        connection.execute(text("UPDATE forecast_block SET series = '{}', steps = ''"))
        of_rows = told_for(connection, farm, one, noon)

    assert earlier.issued_at == at
    assert len(earlier.mean) == HORIZON
    assert earlier.mean[(noon - at) // BUCKET] == newest.mean[30 + 96]
    assert earlier.seasonal_naive[(noon - at) // BUCKET] == newest.seasonal_naive[30]
    assert of_block.keys() == of_rows.keys()
    assert len(of_block) == HORIZON - 30
    np.testing.assert_array_equal(list(of_block.values()), list(of_rows.values()))


def told_for(connection, farm, one, target):
    """What was foretold of a series for a slot, by when."""
    found = issuing.steps_for(connection, farm, target)
    return {steps.issued_at: steps.values[steps.series == one][0] for steps in found if one in steps.series}


def test_a_slot_of_a_region_is_scored_against_192_forecasts(engine, region):
    for farm, _ in followed(engine):
        run_cycle(engine, farm, FIRST, history_days=DAYS)
    repeat_issues(engine)
    with engine.begin() as connection:
        arrive(connection, np.full((region.groups, 1), 0.5), KNOWN)
    issued = sum(run_cycle(engine, farm, FIRST + BUCKET, history_days=DAYS) for farm, _ in followed(engine))
    with engine.connect() as connection:
        scored = connection.execute(
            text("SELECT series_id, sum(n) AS n FROM score WHERE model = 'model' AND target = :at GROUP BY 1"),
            {"at": FIRST},
        ).all()
        oldest = connection.execute(text("SELECT min(issued_at) FROM forecast")).scalar_one()

    assert issued == len(scored) == region.groups + region.farms
    assert {row.n for row in scored} == {HORIZON}
    assert oldest == FIRST - (HORIZON - 1) * timedelta(minutes=15)


@pytest.fixture
def short_folder():
    """A folder whose name leaves room for that of a socket."""
    with TemporaryDirectory(prefix="b") as folder:
        yield Path(folder)


def test_a_bench_that_is_told_to_end_leaves_no_process_and_no_folder(short_folder):
    live = "from animov.interrupting import interruptible as i\nwith i():\n measure(1, 1, 1)"
    program = f"from bench.forecast_cycles import measure\n{live}"
    bench = subprocess.Popen(
        [sys.executable, "-c", program],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"TMPDIR": str(short_folder)},
    )
    with bench:
        assert "measured" in bench.stderr.readline()
        started = descendants(bench.pid)
        bench.terminate()
        told = bench.stderr.read()

    assert len(started) > 1
    wait_until(lambda: not any(map(is_alive, started)))
    assert list(short_folder.glob("animov-bench-*")) == []
    assert "CancelledError" in told.splitlines()[-1]


def test_everybody_is_judged_by_the_48_hours_after_what_everybody_saw():
    series_drawn = herds(SAMPLE, np.random.default_rng(SEED), shared_gaps=False, days=DAYS + JUDGED_DAYS)
    seen = []

    def half(values, columns):
        seen.append(values)
        return np.full(len(columns) - len(values), 0.5)

    def far_out(values, columns):
        return np.full(len(columns) - len(values), 7.0)

    ours, same, clipped = judge(SAMPLE, SAMPLE, SEED, [Rival("half", "numpy", half), Rival("far", "numpy", far_out)])
    truth = series_drawn[:, N : N + HORIZON]

    np.testing.assert_array_equal(seen[1:], series_drawn[:, :N])
    assert same.rmse == pytest.approx(np.sqrt(np.nanmean((truth - 0.5) ** 2)))
    assert clipped.rmse == pytest.approx(np.sqrt(np.nanmean((truth - 1.0) ** 2)))
    assert ours.cpu_ratio == ours.rmse_ratio == 1
    assert ours.rmse < same.rmse < clipped.rmse


def test_a_gap_is_filled_with_a_straight_line():
    nan = np.nan
    assert filled(np.array([nan, 1.0, nan, nan, 4.0, nan])).tolist() == [1, 1, 2, 3, 4, 4]


@pytest.mark.rivals
@pytest.mark.parametrize("rival", RIVALS, ids=lambda rival: rival.name)
def test_a_rival_forecasts_every_step_and_finds_the_rhythm(rival):
    """Five days of a clear rhythm, one gap in them: better than half as wrong as the mean.

    Not so the joint likelihood with default options, which stops anywhere on so short a history.
    """
    hours = np.arange(5 * 96 + HORIZON) / 4
    truth = 0.5 + 0.3 * np.sin(2 * np.pi * hours / 24) + np.random.default_rng(1).normal(0, 0.02, len(hours))
    values = truth[: 5 * 96].copy()
    values[300:304] = np.nan
    mean = rival.forecast(values, design()[: len(truth)])

    assert mean.shape == (HORIZON,)
    assert np.isfinite(mean).all()
    if rival.forecast is not joint_sarimax:
        assert np.sqrt(np.mean((mean - truth[5 * 96 :]) ** 2)) < 0.5 * np.std(truth)


def test_what_was_measured_is_told(monkeypatch):
    monkeypatch.setattr(forecasting, "GAPS", ("individual",))
    found = forecasting.run([2], seed=SEED, sample=0, groups_per_farm=20, database=False, large=False)
    written = told(found | {"rivals": {"sample": 1, "judged": [], "left_out": []}})

    assert [(one["gaps"], one["series"]) for one in found["batches"]] == [("individual", 2)]
    assert all(one["refit_s"] > one["forecast_s"] > 0 for one in found["batches"])
    assert all(f"{library} {version}" in written for library, version in found["machine"]["libraries"].items())
    assert f"seed {SEED}" in written


def test_what_a_region_cost_is_told_as_the_median_of_its_slots():
    slots, new_day = [Spent(9, 3, 1), Spent(2, 1, 0.5), Spent(8, 2, 0.75)], [Spent(99, 40, 2), Spent(50, 20, 1)]
    lived = Cycles(groups=40, farms=2, forecasts=42, slots=slots, new_day=new_day, peak_bytes=10**8, load=1.5)
    setting = {"machine": machine("numpy"), "seed": SEED, "specification": "", "goats_per_group": 3, "batches": []}
    written = told(setting | {"cycles": [forecasting.flat(lived)], "rivals": {"judged": []}})

    row = next(line for line in written.splitlines() if line.split()[:1] == ["40"])
    assert row.split() == ["40", "2", "42", "8.00", "2.00", "0.75", "42.00", "21.00", "100", "1.5"]

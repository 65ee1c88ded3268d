"""`models`: who forecasts, who might do better, and what says so."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from animov.commands.options import DataDir, Json, settings_for

if TYPE_CHECKING:
    from storage.modelling.trainings import Kind, Training

app = typer.Typer(help="Models: who forecasts, who might do better, and what says so.", no_args_is_help=True)

ModelId = Annotated[int, typer.Argument(min=1, help="Number of the model, as listed.", metavar="MODEL")]
FarmName = Annotated[str, typer.Argument(help="The farm.", metavar="FARM")]


@app.command("list")
def list_models(
    farm: FarmName,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """List the models of a farm, newest first.

    Example: animov models list barn --json
    """
    from animov.access import node_engine
    from animov.model_life import title_of
    from animov.model_texts import model_line, plain_model
    from storage.herds.herd import find_farm
    from storage.modelling.models import models_of

    with node_engine(settings_for("command", quiet=True, data_dir=data_dir)) as engine, engine.connect() as connection:
        found = [
            (model, title_of(connection, model.subject)) for model in models_of(connection, find_farm(connection, farm))
        ]
    if as_json:
        sys.stdout.write(json.dumps([plain_model(model) | {"of": title} for model, title in found]) + "\n")
        return
    lines = [model_line(model, title) for model, title in found]
    sys.stdout.write("".join(lines) or "no models yet; the default forecasts\n")


@app.command("trainings")
def list_trainings(
    farm: FarmName,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Most to show.")] = 20,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """List trainings, tests, comparisons and promotions of a farm, what was asked last first.

    Example: animov models trainings barn
    """
    from animov.access import node_engine
    from animov.model_life import title_of
    from animov.model_texts import plain_work, work_line
    from forecast.life.work import bury_dead
    from storage.herds.herd import find_farm
    from storage.modelling.trainings import newest

    with node_engine(settings_for("command", quiet=True, data_dir=data_dir)) as engine:
        bury_dead(engine)
        with engine.connect() as connection:
            found = [
                (work, title_of(connection, work.subject))
                for work in newest(connection, find_farm(connection, farm), limit)
            ]
    if as_json:
        sys.stdout.write(json.dumps([plain_work(work) | {"of": title} for work, title in found]) + "\n")
        return
    sys.stdout.write("".join(work_line(work, title) for work, title in found) or "nothing was asked for yet\n")


@app.command()
def show(model: ModelId, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Show a model: what it is, what its training found, when it was champion or challenger and why.

    Example: animov models show 7
    """
    from animov.access import node_engine
    from animov.model_life import title_of
    from animov.model_texts import plain_model, plain_work, told_model
    from storage.modelling.aliases import changes_of
    from storage.modelling.models import find_model
    from storage.modelling.trainings import find

    with node_engine(settings_for("command", quiet=True, data_dir=data_dir)) as engine, engine.connect() as connection:
        found = find_model(connection, model)
        made = None if found.training_id is None else find(connection, found.training_id)
        changes = [one for one in changes_of(connection, found.subject) if model in {one.from_model, one.to_model}]
        title = title_of(connection, found.subject)
    plain = plain_model(found) | {
        "of": title,
        "training": made and plain_work(made),
        "changes": [one._asdict() for one in changes],
    }
    sys.stdout.write(json.dumps(plain, default=str) + "\n" if as_json else told_model(found, title, made, changes))


@app.command("test")
def examine(model: ModelId, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Let a model forecast from rolling origins on held-out days, and score it.

    Example: animov models test 7
    """
    from animov.model_texts import plain_work, told_errors

    done = _judged("test", model, None, data_dir)
    sys.stdout.write(json.dumps(plain_work(done)) + "\n" if as_json else told_errors(done))


@app.command()
def compare(
    model: ModelId,
    against: Annotated[
        int | None, typer.Argument(min=1, help="Another model of the series. Default: the champion.", metavar="OTHER")
    ] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Compare a model with another one on the same held-out origins, and test the difference.

    Example: animov models compare 8 7
    """
    from animov.model_texts import plain_work, told_errors, told_verdict

    done = _judged("compare", model, against, data_dir)
    sys.stdout.write(json.dumps(plain_work(done)) + "\n" if as_json else told_errors(done) + told_verdict(done))


@app.command()
def promote(
    model: ModelId,
    force: Annotated[bool, typer.Option("--force", help="Let it reign without a comparison.")] = False,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Make a model champion if it wins a comparison with the one that reigns, or by force.

    Example: animov models promote 8
    """
    from animov.access import node_engine
    from animov.audit import note
    from animov.model_life import tell_mlflow
    from animov.model_texts import plain_work, told_verdict
    from storage.engine.clocks import read
    from storage.modelling.aliases import point
    from storage.modelling.models import find_model

    settings = settings_for("command", quiet=True, data_dir=data_dir)
    done = None if force else _judged("promote", model, None, data_dir)
    with node_engine(settings) as engine:
        with engine.begin() as connection:
            found = find_model(connection, model)
            if force:
                point(connection, found.subject, "champion", model, why="order", at=read(connection).now())
                note(connection, found.subject.farm_id, "model.crowned", f"model {model}")
        reigns = done is None or bool(done.metrics["promoted"])
        if reigns and (fault := tell_mlflow(engine, settings)):
            sys.stderr.write(f"MLflow is told later: {fault}\n")
    if as_json:
        sys.stdout.write(json.dumps({"model": model, "champion": reigns, "judged": done and plain_work(done)}) + "\n")
    else:
        sys.stdout.write((told_verdict(done) if done else "") + (f"model {model} is champion\n" if reigns else ""))
    if not reigns:
        why = "came too late: the champion has changed" if done and done.metrics["wins"] else "does not win"
        sys.stderr.write(f"animov: model {model} {why}; 'models promote {model} --force' lets it reign anyway\n")
        raise typer.Exit(1)


@app.command()
def rollback(
    target: Annotated[str, typer.Argument(help="FARM/GROUP, FARM, or a model of the series.", metavar="SERIES")],
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Let the champion before the present one reign again.

    Example: animov models rollback barn/dairy
    """
    from animov.access import node_engine
    from animov.audit import note
    from animov.model_life import subject_named, tell_mlflow
    from storage.engine.clocks import read
    from storage.modelling.aliases import roll_back

    settings = settings_for("command", quiet=True, data_dir=data_dir)
    with node_engine(settings) as engine:
        with engine.begin() as connection:
            subject = subject_named(connection, target)
            back = roll_back(connection, subject, at=read(connection).now())
            note(connection, subject.farm_id, "model.rolled_back", f"models of {target}", {"champion": back})
        if fault := tell_mlflow(engine, settings):
            sys.stderr.write(f"MLflow is told later: {fault}\n")
    said = "the farm's default model" if back is None else f"model {back}"
    sys.stdout.write(json.dumps({"champion": back}) + "\n" if as_json else f"{said} is champion\n")


@app.command()
def plot(
    model: ModelId,
    out: Annotated[Path, typer.Option(help="PNG file to write, new.", metavar="FILE")],
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Write the picture of a model's training: training, truth, prediction with its bands.

    Example: animov models plot 7 --out model-7.png
    """
    from animov.access import node_engine
    from animov.files import told
    from animov.model_life import plot_of

    with node_engine(settings_for("command", quiet=True, data_dir=data_dir)) as engine, engine.connect() as connection:
        picture = plot_of(connection, model)
    with told(out), out.open("xb") as file:
        file.write(picture)
    sys.stdout.write(json.dumps({"file": str(out), "bytes": len(picture)}) + "\n" if as_json else f"{out}\n")


def _judged(kind: "Kind", model: int, against: int | None, data_dir: Path | None) -> "Training":
    from animov.access import node_engine
    from animov.model_life import ask_for, done_here
    from storage.modelling.models import check_pair

    settings = settings_for("command", quiet=True, data_dir=data_dir)
    request = {"model": model} if against is None else {"model": model, "against": against}
    with node_engine(settings) as engine:
        if kind == "compare":
            with engine.connect() as connection:
                check_pair(connection, model, against)
        return done_here(engine, settings, ask_for(engine, kind, str(model), request))

"""The command line with all its commands."""

from animov.commands import (
    alerts,
    animals,
    benches,
    console,
    dashboards,
    data,
    database,
    farms,
    herd,
    keys,
    messages,
    models,
    node,
    people,
    posture,
    registry,
    rejected,
    selections,
    states,
    swaps,
    trainings,
)
from animov.commands.line import line

app = line()
node.add_to(app)
console.add_to(app)
herd.add_to(app)
messages.add_to(app)
models.add_to(app)
trainings.add_to(app)
trainings.add_to_models(registry.app)
selections.add_to(registry.app)
swaps.add_to(animals.app)
states.add_to(animals.app)
app.add_typer(people.app, name="user")
app.add_typer(keys.app, name="key")
app.add_typer(farms.app, name="farm")
app.add_typer(data.app, name="import")
app.add_typer(alerts.app, name="alerts")
app.add_typer(animals.app, name="animals")
app.add_typer(posture.app, name="posture")
app.add_typer(rejected.app, name="rejected")
app.add_typer(registry.app, name="models")
app.add_typer(database.app, name="db")
app.add_typer(dashboards.app, name="dashboards")
app.add_typer(benches.app, name="bench")

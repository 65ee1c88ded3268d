"""How long the record of a model's life is kept, and what some columns mean by now."""

from alembic import op

revision = "0013"
down_revision = "0012"

TABLES = {
    "forecast_cycle": "Written with the forecasts of a slot, so that each slot has one effect. Kept as long as forecasts, the newest of a farm for ever.",
    "training": "Long work on models: training, testing, comparing, promoting; asked for, under way or done. Kept as long as scores, and for as long as a model that it made is champion or challenger.",
    "training_artefact": "Files of a training: input.csv as uploaded, train.csv, test.csv, plot.png; at most 16 MiB each. Kept for days of their own, and for as long as the model that was made is champion or challenger.",
    "model": "A model of a series: a refit of the same specification is no new model. Kept as long as scores; for ever if it is champion or challenger or has ever been champion.",
    "model_alias": "Which model of a series is champion and which is challenger now; no champion means the default of the farm. Kept for ever: two rows a series at most.",
    "model_change": "Every change of an alias, never rewritten. Kept for ever.",
    "regressor_selection": "A search for the regressors that lower the rolling error, with all that was compared: never rewritten. Kept as long as scores.",
    "reselection": "The skill of a model was lost: what was seen, what was tried, what was decided; never rewritten. Kept as long as scores.",
}

COLUMNS = {
    "forecast.backtest": "Issued when its first step was over, late or in hindsight: from nothing but what lay before issued_at, by the model that reigned when it was made.",
    "model_change.from_model": "Null where nobody had the alias, for the champion the default of the farm; also where a challenger is forgotten.",
    "model_change.to_model": "Null where nobody has it any longer; also where a challenger is forgotten.",
    "regressor_selection.why": "routine: asked every four weeks, or by a person; reselection: where the skill of a model was lost.",
    "regressor_selection.comparisons": "Each regressor: RMSE with and without it, difference of squared errors, standard error, p, bar, kept; changes: what it meant for the models, tested on later days.",
    "reselection.decision": "promoted: the best challenger reigns now; kept: chance could not be ruled out, or the champion changed meanwhile.",
    "reselection.model_id": "The model that reigns since; null where none does.",
}


def upgrade() -> None:
    for kind, described in (("TABLE", TABLES), ("COLUMN", COLUMNS)):
        for name, comment in described.items():
            op.execute("COMMENT ON {} {} IS '{}'".format(kind, name, comment.replace("'", "''").replace(":", "\\:")))

"""Work on models that the API asks for: put down by people, done by a worker, told when it ends; predictions of posted series."""

from alembic import op

revision = "0023"
down_revision = "0022"

PREDICTIONS = """
ALTER TABLE training DROP CONSTRAINT training_kind_check;
ALTER TABLE training ADD CONSTRAINT training_kind_check
  CHECK (kind IN ('train', 'test', 'compare', 'promote', 'predict'));
COMMENT ON COLUMN training.kind IS 'train makes a model; test and compare judge some on held-out origins; promote compares and lets the winner reign; predict continues a series that was posted.';
COMMENT ON COLUMN training.request IS 'What was asked: for train orders, regressors, preset, zone, unit; else the models and what to do with them.';
COMMENT ON TABLE training_artefact IS 'Files of a training: input.csv as uploaded, train.csv, test.csv, forecast.csv, plot.png; at most 16 MiB each.';
CREATE INDEX training_predictions ON training (asked_at) WHERE kind = 'predict';
"""

ENDS = """
CREATE FUNCTION animov_tell_work_ended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('animov_work_ended', NEW.id::text);
  RETURN NULL;
END $$;
COMMENT ON FUNCTION animov_tell_work_ended() IS 'Tells whoever waits that work on models is done, failed or cancelled.';
CREATE TRIGGER ended AFTER UPDATE OF state ON training FOR EACH ROW
  WHEN (NEW.finished_at IS NOT NULL AND OLD.finished_at IS NULL) EXECUTE FUNCTION animov_tell_work_ended();
"""

ASKING = """
CREATE FUNCTION animov_start_work(wanted int) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  work training;
  label text := 'model:' || wanted;
BEGIN
  SELECT * INTO work FROM training t WHERE t.id = wanted AND t.state = 'waiting'
    AND (t.farm_id = ANY (animov_managed_farms()) OR t.kind = 'predict' AND t.farm_id = ANY (animov_farms()));
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  IF NOT EXISTS (SELECT FROM procrastinate_jobs j WHERE j.queueing_lock = label AND j.status IN ('todo', 'doing')) THEN
    PERFORM procrastinate_defer_jobs_v1(ARRAY[ROW(
      CASE work.kind WHEN 'predict' THEN 'answer' ELSE 'training' END, 'model.' || work.kind, 0, NULL, label,
      jsonb_build_object('training_id', wanted), NULL)::procrastinate_job_to_defer_v1]);
  END IF;
  RETURN true;
EXCEPTION WHEN unique_violation THEN  -- somebody asked at the same moment
  RETURN true;
END $$;
COMMENT ON FUNCTION animov_start_work(int) IS 'Asks the workers for work on models that was put down, in the transaction that put it down; false if it does not wait, or not for this transaction to ask.';
REVOKE EXECUTE ON FUNCTION animov_start_work(int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION animov_start_work(int) TO animov_app, animov_api;
"""

MANAGED = "farm_id = ANY ((SELECT animov_managed_farms())::int[])"
ASKED_BY_ALL = "(kind = 'predict' AND farm_id = ANY ((SELECT animov_farms())::int[]))"
UPLOADS = f"""name = 'input.csv' AND training_id IN (
  SELECT id FROM training WHERE state = 'waiting' AND ({MANAGED} OR {ASKED_BY_ALL}))"""  # noqa: S608 - our own words

WRITING = """
GRANT INSERT (farm_id, series_id, name, kind, request, requested_by, asked_at), UPDATE (state, finished_at) ON training TO animov_api;
CREATE POLICY asked ON training FOR INSERT TO animov_api WITH CHECK ({managed} OR {asked_by_all});
CREATE POLICY given_up ON training FOR UPDATE TO animov_api USING ({managed}) WITH CHECK ({managed} AND state = 'cancelled');

GRANT INSERT, UPDATE (content) ON training_artefact TO animov_api;
CREATE POLICY uploaded ON training_artefact FOR INSERT TO animov_api WITH CHECK ({uploads});
CREATE POLICY uploaded_again ON training_artefact FOR UPDATE TO animov_api USING ({uploads}) WITH CHECK ({uploads});

GRANT INSERT (farm_id, group_id) ON series TO animov_api;
CREATE POLICY made ON series FOR INSERT TO animov_api WITH CHECK ({managed});

GRANT INSERT, DELETE ON model_alias TO animov_api;
CREATE POLICY given ON model_alias FOR INSERT TO animov_api WITH CHECK ({managed});
CREATE POLICY taken ON model_alias FOR DELETE TO animov_api USING ({managed});

GRANT INSERT (farm_id, series_id, name, at, alias, from_model, to_model, why, evidence) ON model_change TO animov_api;
CREATE POLICY recorded ON model_change FOR INSERT TO animov_api WITH CHECK ({managed});

GRANT INSERT (farm_id, kind, key, payload, at), SELECT (key) ON tracking TO animov_api;
CREATE POLICY own_farms ON tracking FOR SELECT TO animov_api USING ({managed});  -- ON CONFLICT wants to see the key
CREATE POLICY put ON tracking FOR INSERT TO animov_api WITH CHECK (kind = 'alias' AND {managed});
"""


def upgrade() -> None:
    for statements in (PREDICTIONS, ENDS, ASKING):
        op.execute(statements)
    op.execute(WRITING.format(managed=MANAGED, asked_by_all=ASKED_BY_ALL, uploads=UPLOADS))

"""The first window of an animal by one look, live news told by the statement, and how far they are forgotten."""

from alembic import op

revision = "0031"
down_revision = "0030"

FIRST = """
CREATE FUNCTION animov_first_window(animal int, since timestamptz) RETURNS timestamptz
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM animal a WHERE a.id = animal AND a.farm_id = ANY (animov_farms())) THEN
    RETURN NULL;
  END IF;
  RETURN (SELECT w.bucket FROM posture_window w WHERE w.animal_id = animal AND w.bucket >= since
    ORDER BY w.bucket LIMIT 1);
END $$;
COMMENT ON FUNCTION animov_first_window(int, timestamptz) IS 'The first bucket of an animal from an instant on; null if there is none, or not for this transaction to see. Through the view farm_window, which is planned by itself, it takes all windows that follow.';
REVOKE EXECUTE ON FUNCTION animov_first_window(int, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION animov_first_window(int, timestamptz) TO animov_app, animov_api;
"""

TOLD = """
DROP TRIGGER told ON changed_bucket;
CREATE OR REPLACE FUNCTION animov_tell_windows() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM changed) THEN  -- an upsert that only updates still inserts nothing
    RETURN NULL;
  END IF;
  INSERT INTO news AS n (farm_id, kind, subject, written_in, place, at)
  SELECT c.farm_id, 'windows', extract(epoch FROM c.bucket)::bigint, pg_current_xact_id(), nextval('news_place'),
         clock_timestamp()
  FROM changed c WHERE c.bucket > animov_now() - interval '2 days'  -- an import of years is no news
  ON CONFLICT (farm_id, kind, subject) DO UPDATE
    SET written_in = excluded.written_in, place = excluded.place, at = excluded.at
    WHERE n.written_in <> excluded.written_in;
  IF FOUND THEN
    PERFORM pg_notify('animov_news', '');
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER told_new AFTER INSERT ON changed_bucket REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION animov_tell_windows();
CREATE TRIGGER told_again AFTER UPDATE ON changed_bucket REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION animov_tell_windows();
"""

FORGOTTEN = """
CREATE TABLE news_forgotten (
  farm_id int PRIMARY KEY REFERENCES farm ON DELETE CASCADE,
  written_in xid8 NOT NULL,
  place bigint NOT NULL);
COMMENT ON TABLE news_forgotten IS 'Behind which place the news of a farm are all still there: a live listener who stopped before it has missed some.';
COMMENT ON COLUMN news_forgotten.written_in IS 'The transaction of the last of them that was forgotten.';
COMMENT ON COLUMN news_forgotten.place IS 'Its place in that transaction.';
ALTER TABLE news_forgotten ENABLE ROW LEVEL SECURITY;
CREATE POLICY everything ON news_forgotten TO animov_app USING (true) WITH CHECK (true);
CREATE POLICY own_farms ON news_forgotten FOR SELECT TO animov_api USING (farm_id = ANY ((SELECT animov_farms())::int[]));
GRANT SELECT ON news_forgotten TO animov_api;
"""


def upgrade() -> None:
    for statements in (FIRST, TOLD, FORGOTTEN):
        op.execute(statements)

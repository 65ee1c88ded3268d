"""Roles that read one farm: what Grafana and other programs that speak SQL log in as."""

from alembic import op

revision = "0037"
down_revision = "0036"

READERS = """
DO $$ BEGIN
  CREATE ROLE animov_ro NOLOGIN NOSUPERUSER NOBYPASSRLS;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;  -- roles belong to the whole server
END $$;
CREATE TABLE farm_reader (
  role name PRIMARY KEY,
  farm_id int NOT NULL UNIQUE REFERENCES farm ON DELETE CASCADE);
COMMENT ON TABLE farm_reader IS 'Which farm a role of the server sees through the views of the schema panel.';
COMMENT ON COLUMN farm_reader.role IS 'animov_ro_ and the farm''s name as it was.';
ALTER TABLE farm_reader ENABLE ROW LEVEL SECURITY;
CREATE POLICY everything ON farm_reader TO animov_app USING (true) WITH CHECK (true);

CREATE FUNCTION animov_reader_farm() RETURNS int
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT r.farm_id FROM farm_reader r JOIN farm f ON f.id = r.farm_id WHERE r.role = session_user AND NOT f.leaving
$$;
COMMENT ON FUNCTION animov_reader_farm() IS 'The farm that whoever logged in may read; null for who is no reader. It goes by the login, which nobody can change.';

CREATE SCHEMA panel;
GRANT USAGE ON SCHEMA panel TO animov_ro;
COMMENT ON SCHEMA panel IS 'What a reader sees: the rows of its own farm, under the names that the tables have.';
GRANT SELECT ON public.clock TO animov_ro;
"""

OWN = "(SELECT public.animov_reader_farm())"
ANIMALS = f"(SELECT id FROM public.animal WHERE farm_id = {OWN})"  # noqa: S608 - our own words
COLLARS = f"(SELECT id FROM public.collar WHERE farm_id = {OWN})"  # noqa: S608 - our own words
SERIES = f"(SELECT id FROM public.series WHERE farm_id = {OWN})"  # noqa: S608 - our own words

VIEWS = {
    "farm": (
        "id, name, title, time_zone, latitude, longitude, events, species, animal_coverage, group_coverage",
        f"id = {OWN}",
    ),
    "animal_group": ("id, name", f"farm_id = {OWN}"),
    "animal": ("id, farm_id, name", f"farm_id = {OWN}"),
    "collar": ("id, name, created_at", f"farm_id = {OWN}"),
    "membership": ("animal_id, group_id, during", f"animal_id IN {ANIMALS}"),
    "assignment": ("collar_id, animal_id, during", f"animal_id IN {ANIMALS}"),
    "series": ("id, group_id, animal_id", f"farm_id = {OWN}"),
    "posture_window": (
        "animal_id, bucket, received_s, known_s, standing_s, standing_ratio, standing, lying",
        f"animal_id IN {ANIMALS}",
    ),
    "series_hour": ("series_id, hour, received_s, known_s, standing_s", f"series_id IN {SERIES}"),
    "animal_day": ("*", f"animal_id IN {ANIMALS}"),
    "bout": ("*", f"animal_id IN {ANIMALS}"),
    "animal_state": ("*", f"animal_id IN {ANIMALS}"),
    "forecast": ("*", f"series_id IN {SERIES}"),
    "score": ("*", f"series_id IN {SERIES}"),
    "weather_forecast": ("*", f"farm_id = {OWN}"),
    "collar_status": ("*", f"collar_id IN {COLLARS}"),
    "battery_day": ("*", f"collar_id IN {COLLARS}"),
    "alert": ("*", f"farm_id = {OWN}"),
    "journal": ("*", f"farm_id = {OWN}"),
}
"""By name what is told, and of which rows. A migration that changes a column of one makes the view anew."""


def upgrade() -> None:
    op.execute(READERS)
    for name, (columns, condition) in VIEWS.items():
        op.execute(
            f"CREATE VIEW panel.{name} WITH (security_barrier) AS SELECT {columns} FROM public.{name} WHERE {condition}"  # noqa: S608 - our own words
        )
        op.execute(f"COMMENT ON VIEW panel.{name} IS 'Of {name}, the rows of the reader''s farm.'")
        op.execute(f"GRANT SELECT ON panel.{name} TO animov_ro")

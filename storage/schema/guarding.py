"""What PostgreSQL lets anybody who may log in do, and who only reads has no business with.

A lock that a stranger takes in our name holds up every flush of a farm; large objects and temporary tables fill the
disk. Only a superuser can take these from everybody, so this is done where one sets the database up.
"""

from typing import Final

from sqlalchemy import Connection, text

GUARD: Final = """
DO $$
DECLARE
  ours text := (SELECT format('%I, animov_app, animov_api', pg_get_userbyid(datdba)) FROM pg_database
    WHERE datname = current_database());
  one regprocedure;
BEGIN
  FOR one IN SELECT oid::regprocedure FROM pg_proc
    WHERE pronamespace = 'pg_catalog'::regnamespace AND has_function_privilege('public', oid, 'EXECUTE')
      AND (proname ~ '^pg_(try_)?advisory_' OR proname ~ '^lo_' OR proname IN ('lowrite', 'loread', 'pg_notify'))
  LOOP
    EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', one);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %s', one, ours);
  END LOOP;
  IF has_database_privilege('public', current_database(), 'TEMPORARY') THEN
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO %s', current_database(), ours);
  END IF;
END $$
"""

"""Keeps from everybody but our own roles what only they need, in one database; run again, it changes nothing.

For a superuser, on a server that has our roles; docker-compose.yml says it as well.
"""


def may_do_anything(connection: Connection) -> bool:
    """Tell whether a connection is a superuser's."""
    return bool(connection.execute(text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")).scalar_one())

"""The data dictionary: every table, view and function of ours, read from a migrated database.

`python -m storage.dictionary FILE` migrates an empty embedded server and writes it; a test holds the file to it.
"""

import sys
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from sqlalchemy import Connection, text

from storage import embedded
from storage.embedded import secrets
from storage.engine import database

_OURS: Final = "n.nspname IN ('public', 'managed') AND c.relname !~ '^(procrastinate|alembic)'"
"""The job queue's tables are documented by its authors, the version's by Alembic's."""

_COLUMNS: Final = text(f"""
SELECT CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || '.' END || c.relname,
       CASE c.relkind WHEN 'v' THEN 'view' ELSE 'table' END,
       coalesce(obj_description(c.oid, 'pg_class'), ''),
       a.attname, format_type(a.atttypid, a.atttypmod), NOT a.attnotnull,
       coalesce(col_description(c.oid, a.attnum), ''),
       coalesce(a.attnum = ANY (k.conkey), false), coalesce(r.relname, '')
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'p'
LEFT JOIN pg_constraint f ON f.conrelid = c.oid AND f.contype = 'f' AND f.conkey = ARRAY[a.attnum]
LEFT JOIN pg_class r ON r.oid = f.confrelid
WHERE c.relkind IN ('r', 'p', 'v') AND {_OURS}
ORDER BY c.relkind = 'v', n.nspname <> 'public', c.relname COLLATE "C", a.attnum
""")  # noqa: S608 - our own words

_FUNCTIONS: Final = text("""
SELECT p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')', pg_get_function_result(p.oid),
       coalesce(obj_description(p.oid, 'pg_proc'), '')
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname = 'public' AND p.proname !~ '^procrastinate'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
ORDER BY p.proname COLLATE "C"
""")

_HEAD: Final = """# Data dictionary

Written by `just docs` from the migrated database; comments stand in `storage/migrations`.
Times are UTC. A bucket is 15 minutes and named by its first instant.
A `bit(900)` holds a bit for each second of a bucket, second 0 leftmost.
Keys are marked with *; an arrow names the table that a column refers to.
Tables whose names begin with `procrastinate` are the job queue's own.
"""


class _Column(NamedTuple):
    table: str
    kind: str
    about_table: str
    name: str
    type: str
    nullable: bool
    about: str
    is_key: bool
    refers_to: str


def described(connection: Connection) -> str:
    """Return the dictionary of a migrated database, as Markdown."""
    columns = [_Column(*row) for row in connection.execute(_COLUMNS)]
    tables = (_table(list(found)) for _, found in groupby(columns, key=lambda column: column.table))
    functions = [tuple(row) for row in connection.execute(_FUNCTIONS)]
    return _HEAD + "".join(tables) + "\n## Functions\n\n" + "".join(_functions(functions))


def _table(columns: Sequence[_Column]) -> str:
    first = columns[0]
    about = f"{first.about_table}\n\n" if first.about_table else ""
    title = first.table if first.kind == "table" else f"{first.table} (view)"
    return f"\n## {title}\n\n{about}| column | type | null | |\n|---|---|---|---|\n" + "".join(map(_row, columns))


def _row(column: _Column) -> str:
    name = f"`{column.name}`" + ("*" if column.is_key else "")
    nullable = "yes" if column.nullable and column.kind == "table" else ""
    arrow = f"→ {column.refers_to}. " if column.refers_to else ""
    cells = (name, column.type, nullable, (arrow + column.about).strip())
    return "|" + "|".join(f" {cell} " if cell else " " for cell in cells) + "|\n"


def _functions(functions: Sequence[tuple[str, ...]]) -> Iterator[str]:
    for call, result, about in functions:
        yield f"- `{call}` → {result}. {about}".rstrip() + "\n"


def main() -> None:
    """Write the dictionary to the file that the first argument names."""
    with TemporaryDirectory() as folder, embedded.running(Path(folder)) as address:
        engine = database.engine_for(address.url(embedded.SUPERUSER, secrets.load(Path(folder)).superuser, "postgres"))
        database.upgrade(engine)
        with engine.connect() as connection:
            Path(sys.argv[1]).write_text(described(connection), "utf-8")
        engine.dispose()


if __name__ == "__main__":
    main()

"""All SQL: tables, migrations, stores, the embedded server, the job queue."""

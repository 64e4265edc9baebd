"""Every change of the schema since the first, as Alembic scripts; shipped with the program."""

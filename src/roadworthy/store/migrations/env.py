"""What Alembic runs: inside the transaction of whoever migrates, so that all happens or nothing."""

from alembic import context

from roadworthy.store.schema import REVISION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=REVISION_TABLE,
    # SQLite can: `database` begins its transactions itself, before the first statement
    transactional_ddl=True,
)
context.run_migrations()

"""The ledger, which only grows, and the files that its entries name."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

SQLITE = (
    # BEFORE INSERT comes before the silent deletion of `INSERT OR REPLACE`, which fires no other
    """
    CREATE TRIGGER ledger_grows BEFORE INSERT ON ledger
    WHEN NEW.number IS NOT (SELECT coalesce(max(number), 0) + 1 FROM ledger)
    BEGIN SELECT RAISE(ABORT, 'the ledger only grows at its end'); END
    """,
    """
    CREATE TRIGGER ledger_is_kept BEFORE UPDATE ON ledger
    BEGIN SELECT RAISE(ABORT, 'the ledger only grows: nothing in it is changed'); END
    """,
    """
    CREATE TRIGGER ledger_is_whole BEFORE DELETE ON ledger
    BEGIN SELECT RAISE(ABORT, 'the ledger only grows: nothing in it is deleted'); END
    """,
)
POSTGRESQL = (
    """
    CREATE FUNCTION ledger_grows() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF NEW.number IS DISTINCT FROM (SELECT coalesce(max(number), 0) + 1 FROM ledger) THEN
        RAISE EXCEPTION 'the ledger only grows at its end'
          USING ERRCODE = 'integrity_constraint_violation';
      END IF;
      RETURN NEW;
    END $$
    """,
    """
    CREATE FUNCTION ledger_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'the ledger only grows: nothing in it is changed or deleted'
        USING ERRCODE = 'integrity_constraint_violation';
    END $$
    """,
    """
    CREATE TRIGGER ledger_grows BEFORE INSERT ON ledger
    FOR EACH ROW EXECUTE FUNCTION ledger_grows()
    """,
    """
    CREATE TRIGGER ledger_is_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_kept()
    """,
)


def upgrade() -> None:
    """Two tables, and triggers that keep the ledger as it was written."""
    op.create_table(
        "ledger",
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("previous", sa.Text, nullable=False, unique=True),
        sa.Column("hash", sa.Text, nullable=False, unique=True),
    )
    op.create_table(
        "artifacts",
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
    )
    statements = SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL
    for statement in statements:
        op.execute(statement)

"""Alembic environment: runs on the connection it is given, without any configuration file."""

from __future__ import annotations

from alembic import context

from kokuho_adapters.database.tables import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()

"""データベース: SQLite through SQLAlchemy Core tables and an explicit mapper; aggregates are never mapped themselves."""

from kokuho_adapters.database.engine import SqlDatabase, open_database

__all__ = ["SqlDatabase", "open_database"]

"""The database adapter: migrations, transactions, conflicts, and deliveries that are interrupted."""

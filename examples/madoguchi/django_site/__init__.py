"""Djangoの窓口: a municipal system with models and migrations of its own."""

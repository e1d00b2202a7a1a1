"""The two example systems with tables of their own, opened inside this process: one municipality's store, nothing committed."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..docs.pages import ROOT
from ..prefecture.office import INSURERS, A

MADOGUCHI = ROOT / "examples" / "madoguchi"
NUMBERS = [each.insurer_number for each in INSURERS]


def _importable() -> None:
    if str(MADOGUCHI) not in sys.path:
        sys.path.append(str(MADOGUCHI))


@contextmanager
def flask_store(folder: Path) -> Iterator[Any]:
    """The store on SQLAlchemy; what it keeps is undone at the end."""
    _importable()
    from sqlalchemy.orm import Session

    from flask_site.app import own_database
    from flask_site.store import SessionStore

    engine = own_database(folder / "flask.sqlite3")
    with Session(engine) as session:
        yield SessionStore(session, A, NUMBERS)
        session.rollback()
    engine.dispose()


@contextmanager
def django_store() -> Iterator[Any]:
    """The store on Django's models, which :func:`ready_django` made ready; what it keeps is undone at the end."""
    from django.db import transaction

    from django_site.store import ModelStore

    with transaction.atomic():
        yield ModelStore(A, NUMBERS)
        transaction.set_rollback(True)


def ready_django(folder: Path) -> None:
    """Django is set up once in a process; its database is made by its migrations."""
    _importable()
    import django
    from django.apps import apps
    from django.core.management import call_command

    if not apps.ready:
        os.environ.setdefault("MADOGUCHI_FOLDER", str(folder))
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "django_site.settings")
        django.setup()
    call_command("migrate", verbosity=0)

"""Settings of all tests: how many examples Hypothesis tries (``KOKUHO_TEST_PROFILE``: «long» for ``make test-long``)."""

from __future__ import annotations

import logging
import os

from hypothesis import HealthCheck, settings

settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("long", settings.get_profile("default"), max_examples=3000)
settings.load_profile(os.environ.get("KOKUHO_TEST_PROFILE", "default"))

for noisy in ("sqlalchemy", "alembic"):  # a failing test should show itself, not every statement
    logging.getLogger(noisy).setLevel(logging.WARNING)

"""設定 of the Django site. ``MADOGUCHI_FOLDER`` is where everything is kept."""

from __future__ import annotations

import os
from pathlib import Path

from counter.setting_up import secret_of

FOLDER = Path(os.environ["MADOGUCHI_FOLDER"]).resolve()
FOLDER.mkdir(parents=True, exist_ok=True)
HERE = Path(__file__).resolve().parent

SECRET_KEY = secret_of(FOLDER)
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "django_site.urls"
INSTALLED_APPS = ["django_site"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django_site.views.headers",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [HERE.parent / "pages"],
        "OPTIONS": {"environment": "django_site.views.environment"},
    }
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": FOLDER / "django.sqlite3",
        "OPTIONS": {"transaction_mode": "IMMEDIATE"},  # so that two notices never get one number
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "ja"
TIME_ZONE = "Asia/Tokyo"
USE_TZ = False  # times of the files are Japanese local time

"""Djangoの画面: requests, CSRF protection and one transaction per act. What the pages show stands in ``counter``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_http_methods
from jinja2 import Environment

from counter import pages
from counter.desk import Counter
from counter.pages import Page
from counter.setting_up import INSURER, opened
from django_site.store import ModelStore
from kokuho_core.vocabulary.identifiers import InsurerNumber

EITHER = require_http_methods(["GET", "POST"])


@cache
def counter() -> Counter:
    """The counter of this process."""
    installation, insurer = opened(settings.FOLDER), InsurerNumber(INSURER)
    insurers = [each.insurer_number for each in installation.register()]

    @contextmanager
    def own_tables() -> Iterator[ModelStore]:
        with transaction.atomic():
            yield ModelStore(insurer, insurers)

    return Counter(installation, insurer, settings.FOLDER, own_tables)


def environment(*, autoescape: bool, **options: Any) -> Environment:
    """The templates, with what they may call. Escaped whatever the settings say (``autoescape``)."""
    made = Environment(autoescape=True, **options)
    made.globals.update(pages.globals_of_pages())
    return made


def headers(answer: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    def with_headers(request: HttpRequest) -> HttpResponse:
        response = answer(request)
        for name, value in pages.HEADERS.items():
            response[name] = value
        return response

    return with_headers


def shown(request: HttpRequest, page: Page) -> HttpResponse:
    return render(request, page.template, dict(page.values), status=page.status)


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    return shown(request, pages.home(counter()))


@EITHER
def notice(request: HttpRequest, kind: str) -> HttpResponse:
    fields = dict(request.POST.lists()) if request.method == "POST" else None
    return shown(request, pages.notice(counter(), kind, fields))


@require_GET
def find(request: HttpRequest) -> HttpResponse:
    number = request.GET.get("number", "")
    return HttpResponseRedirect(f"/persons/{number}") if number.isdigit() else shown(request, pages.missing())


@require_GET
def person(request: HttpRequest, number: str) -> HttpResponse:
    return shown(request, pages.person(counter(), number))


@require_GET
def household(request: HttpRequest, number: str) -> HttpResponse:
    return shown(request, pages.household(counter(), number))


@EITHER
def sending(request: HttpRequest) -> HttpResponse:
    return shown(request, pages.sending(counter(), build=request.method == "POST"))


@EITHER
def returned(request: HttpRequest) -> HttpResponse:
    if request.method == "GET":
        return shown(request, pages.returned(counter()))
    files = [(each.name or "", each.read()) for each in request.FILES.getlist("files")]
    return shown(request, pages.returned(counter(), files))


@require_GET
def style(request: HttpRequest) -> FileResponse:
    return FileResponse((settings.HERE.parent / "pages" / "style.css").open("rb"), content_type="text/css")

"""Flaskの画面: routes, CSRF protection and one database session per act. What the pages show stands in ``counter``."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask, Response, make_response, redirect, render_template, request, send_from_directory
from flask_wtf.csrf import CSRFProtect, generate_csrf
from markupsafe import Markup
from sqlalchemy import create_engine, event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from counter import pages
from counter.desk import Counter
from counter.pages import Page
from counter.setting_up import INSURER, opened, secret_of
from flask_site.store import SessionStore
from flask_site.tables import Base
from kokuho_core.vocabulary.identifiers import InsurerNumber

PAGES = Path(__file__).resolve().parent.parent / "pages"


def own_database(file: Path) -> Engine:
    """自庁のデータベース. A transaction takes the write lock at its beginning, so that two notices never get one number."""
    engine = create_engine(f"sqlite:///{file.as_posix()}", hide_parameters=True)  # no personal value in a log

    @event.listens_for(engine, "connect")
    def _leave_begin_to_us(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    Base.metadata.create_all(engine)
    return engine


def counter_of(folder: Path) -> Counter:
    """The counter that keeps its tables in ``folder``."""
    installation = opened(folder)
    engine, insurer = own_database(folder / "flask.sqlite3"), InsurerNumber(INSURER)
    insurers = [each.insurer_number for each in installation.register()]

    @contextmanager
    def own_tables() -> Iterator[SessionStore]:
        with Session(engine) as session, session.begin():
            yield SessionStore(session, insurer, insurers)

    return Counter(installation, insurer, folder, own_tables)


def create_app(folder: Path) -> Flask:
    counter = counter_of(folder)
    app = Flask(__name__, template_folder=str(PAGES))
    app.config.update(
        SECRET_KEY=secret_of(folder), SESSION_COOKIE_SAMESITE="Lax", MAX_CONTENT_LENGTH=64 * 1024**2,
    )  # fmt: skip
    CSRFProtect(app)
    app.jinja_env.globals.update(pages.globals_of_pages())

    @app.context_processor
    def _csrf() -> dict[str, Markup]:
        return {"csrf_input": Markup('<input type="hidden" name="csrf_token" value="{}">').format(generate_csrf())}

    @app.after_request
    def _headers(response: Response) -> Response:
        response.headers.update(pages.HEADERS)
        return response

    def shown(page: Page) -> Response:
        return make_response(render_template(page.template, **page.values), page.status)

    @app.get("/")
    def home() -> Response:
        return shown(pages.home(counter))

    @app.route("/notices/<kind>", methods=["GET", "POST"])
    def notice(kind: str) -> Response:
        fields = request.form.to_dict(flat=False) if request.method == "POST" else None
        return shown(pages.notice(counter, kind, fields))

    @app.get("/persons")
    def find() -> AnyResponse:
        number = request.args.get("number", "")
        return redirect(f"/persons/{number}") if number.isdigit() else shown(pages.missing())

    @app.get("/persons/<number>")
    def person(number: str) -> Response:
        return shown(pages.person(counter, number))

    @app.get("/households/<number>")
    def household(number: str) -> Response:
        return shown(pages.household(counter, number))

    @app.route("/sending", methods=["GET", "POST"])
    def sending() -> Response:
        return shown(pages.sending(counter, build=request.method == "POST"))

    @app.route("/returned", methods=["GET", "POST"])
    def returned() -> Response:
        if request.method == "GET":
            return shown(pages.returned(counter))
        files = [(each.filename or "", each.read()) for each in request.files.getlist("files") if each.filename]
        return shown(pages.returned(counter, files))

    @app.get("/style.css")
    def style() -> Response:
        return send_from_directory(PAGES, "style.css")

    return app

"""引数の種類: what commands take besides names and numbers."""

from __future__ import annotations

import re
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from kokuho_core.vocabulary.identifiers import InsurerNumber

_NUMBER: Final = re.compile(r"0[1-9]|[1-3][0-9]|4[0-7]", re.ASCII)

if TYPE_CHECKING:
    _ParamType = click.ParamType[Any]
else:
    _ParamType = click.ParamType  # not generic in older versions


class Day(_ParamType):
    """日付, ISO."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, date):
            return value
        try:
            day = date.fromisoformat(value)
        except ValueError:
            day = None
        if day is None or day.isoformat() != value:
            self.fail("日付は YYYY-MM-DD で指定してください。 / Give a date as YYYY-MM-DD.", param, ctx)
        return day


class Moment(_ParamType):
    """日時, ISO, local time; a date alone means its end."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            moment = None
        if moment is None:
            self.fail("日時は YYYY-MM-DDTHH:MM:SS で指定してください。 / Give a time as ISO.", param, ctx)
        if moment.tzinfo is not None:
            moment = moment.astimezone().replace(tzinfo=None)
        return moment.replace(hour=23, minute=59, second=59, microsecond=999999) if len(value) == 10 else moment


class Prefecture(_ParamType):
    """都道府県番号, 01 to 47."""

    name = "NN"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not _NUMBER.fullmatch(value):
            self.fail("都道府県番号は 01〜47 です。 / A prefecture is 01 to 47.", param, ctx)
        return value


FILE: Final = click.Path(path_type=Path, dir_okay=False)
FOLDER: Final = click.Path(path_type=Path, file_okay=False)
ANY_PATH: Final = click.Path(path_type=Path)
ENCODING: Final = click.option(
    "--encoding",
    type=click.Choice(("utf-8", "utf-8-sig", "cp932")),
    help="受信ファイルの文字コード(insurers.csv より優先) / Character code of the files.",
)


REQUEST_BULK: Final = click.option(
    "--request-bulk",
    "bulk_reason",
    metavar="REASON",
    help="上限を超える一覧の承認を依頼 / Ask for approval of a long list.",
)


def insurer_given(number: str | None) -> InsurerNumber | None:
    """The insurer number that an option named, if it did."""
    return InsurerNumber(number) if number is not None else None

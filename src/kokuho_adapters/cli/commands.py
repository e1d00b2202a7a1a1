"""``kokuho``: the commands. Exit codes: 0 done, 1 failed, 2 usage, 3 done but something was rejected, held or found."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import MutableMapping, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn, cast

import click

from kokuho_adapters import __version__
from kokuho_adapters.cli import output
from kokuho_adapters.cli.command_table import HEADINGS, Commands
from kokuho_adapters.cli.output import DONE, FAILED, FOUND
from kokuho_adapters.cli.parameters import FILE
from kokuho_core.access.roles import Role
from kokuho_core.errors import KokuhoError, NotApproved

WAITS: Final = "KKH-A007"
"""The act was asked for and waits for a second person: no failure, something for somebody to do."""


class _Group(click.Group):
    """The group of commands, with one place where every failure becomes a message and an exit code."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Under their headings, the first line of each help whole, in both languages."""
        longest = max(map(len, self.commands))
        for heading, commands in HEADINGS.items():
            with formatter.section(heading):
                formatter.write_dl([(each.name.ljust(longest), each.about) for each in commands])

    def main(self, args: Sequence[str] | None = None, *rest: Any, **extra: Any) -> NoReturn:
        output.use_utf8()
        given = list(sys.argv[1:] if args is None else args)
        extra["standalone_mode"] = False
        sys.exit(self._exit_code(given, rest, extra))

    def _exit_code(self, args: list[str], rest: tuple[Any, ...], extra: dict[str, Any]) -> int:
        try:
            code = super().main(args, *rest, **extra)
            sys.stdout.flush()
        except click.ClickException as error:
            error.show()
            return error.exit_code
        except click.Abort:
            output.complain("中止しました。 / Aborted.")
            return FAILED
        except NotApproved as error:
            output.print_error(error)
            if "--json" in args:
                output.print_json(output.error_data(error))
            return FOUND if error.code == WAITS else FAILED
        except KokuhoError as error:
            output.print_error(error)
            if "--json" in args:
                output.print_json(output.error_data(error))
            if "--verbose" in args:
                output.complain_lines(_redacted(traceback.format_exc()))
            return FAILED
        except BrokenPipeError:
            # whoever read our output has gone; nothing more may be written, not even at exit
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return FAILED
        except Exception as error:  # noqa: BLE001 - a user never sees a traceback unless asked for
            _report_unexpected(error, "--verbose" in args)
            return FAILED
        return code if isinstance(code, int) else DONE


def _report_unexpected(error: Exception, verbose: bool) -> None:
    """The message of an unknown exception may hold personal data, so its kind alone is told."""
    if isinstance(error, OSError) and error.strerror:
        where = f": {error.filename}" if error.filename else ""
        output.complain(_redacted(f"入出力エラー / input or output failed: {error.strerror}{where}"))
    else:
        output.complain(f"予期しない誤りが起きました / Unexpected error: {type(error).__name__}")
    if verbose:
        output.complain_lines(_redacted("".join(traceback.format_exception(error))))
    else:
        output.complain("詳しくは kokuho --verbose … で実行してください。 / Run kokuho --verbose … for details.")


def _redacted(text: str) -> str:
    """Loaded where something failed: few commands need it."""
    from kokuho_adapters.security.redaction import redact_text

    return redact_text(text)


@click.group(
    cls=_Group,
    commands=cast(MutableMapping[str, click.Command], Commands()),  # none is ever added
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--database", metavar="URL", help="データベースのファイルかURL(既定 sqlite:///kokuho.sqlite3) / Database."
)
@click.option("--config", type=FILE, metavar="FILE", help="設定ファイル(TOML) / Configuration file.")
@click.option("--key-ring", type=FILE, metavar="FILE", help="鍵ファイル(既定 データベースの隣) / Key ring.")
@click.option("--operator", envvar="KOKUHO_OPERATOR", metavar="NAME", help="利用者(既定 OSの利用者名) / Who works.")
@click.option("--role", type=click.Choice([each.value for each in Role]), help="使う権限の役割 / Which right to use.")
@click.option("--municipality", metavar="CODE", help="使う権限の保険者番号 / The municipality of that right.")
@click.option("--code", envvar="KOKUHO_CODE", metavar="CODE", help="第二の認証の符号 / Code of the second factor.")
@click.option("--purpose", default="", metavar="TEXT", help="目的(監査記録に残る) / The purpose; it is recorded.")
@click.option("--verbose", is_flag=True, help="詳しい記録を標準エラーに出力 / More about errors on standard error.")
@click.version_option(__version__, message="%(prog)s %(version)s")
@click.pass_context
def cli(
    ctx: click.Context,
    database: str | None,
    config: Path | None,
    key_ring: Path | None,
    operator: str | None,
    role: str | None,
    municipality: str | None,
    code: str | None,
    purpose: str,
    verbose: bool,
) -> None:
    """国保情報集約: 市区町村の異動情報を受け、資格継続と世帯の継続性を判定し、結果を返します。

    \b
    National Health Insurance aggregation for one prefecture.
    終了コード / exit codes: 0 完了 done · 1 失敗 failed · 2 使い方 usage
    · 3 完了したが拒否・保留・確認事項あり done, but something was rejected, held or found
    """
    from kokuho_adapters.cli.session import session_of

    ctx.obj = session_of(database, config, key_ring, operator, role, municipality, code, purpose, verbose=verbose)

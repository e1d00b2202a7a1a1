"""設定ファイル: where the database and the keys are, and the settings of the rules (TOML, KKH-C010)."""

from __future__ import annotations

import re
import tomllib
from functools import partial
from pathlib import Path
from typing import Final

from attrs import evolve, frozen

from kokuho_adapters.benefit_settings import choices_of
from kokuho_adapters.database.roles import DEFAULT_ROLE
from kokuho_adapters.hours_setting import business_hours_of
from kokuho_adapters.registration_settings import RegistrationSettings, registration_of
from kokuho_adapters.safety_settings import feeds_of, gates_of
from kokuho_adapters.setting_source import SettingSource
from kokuho_core.benefit.choices import Choices
from kokuho_core.errors import Problem, SetupFault
from kokuho_core.qualification.date_rules import DateRules, LateElderlyLoss
from kokuho_core.usecases.office import Settings

DEFAULT_DATABASE: Final = "sqlite:///kokuho.sqlite3"
_ROLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_$-]{0,62}", re.ASCII)
_MOST_ROWS: Final = 10_000_000
_PLAIN_PATH: Final = re.compile(r"(?:[A-Za-z]:[\\/])?[^:?]+")


def is_plain_path(database: str) -> bool:
    """Whether ``database`` is no URL but the path of a SQLite file."""
    return _PLAIN_PATH.fullmatch(database) is not None


@frozen
class Configuration:
    """設定. ``key_ring`` is None for the default beside the database; ``layouts`` are a vendor's own layout files.

    ``key_provider`` names what opens another provider of keys, ``module:function``; None for the key ring file.
    On PostgreSQL, ``init`` gives ``database_role`` the rights for the daily work; a role that row-level security does not bind
    is refused there unless ``allow_unbound_role`` (for trials on a server of one's own).
    """

    database: str = DEFAULT_DATABASE
    key_ring: Path | None = None
    layouts: tuple[Path, ...] = ()
    settings: Settings = Settings()
    key_provider: str | None = None
    database_role: str = DEFAULT_ROLE
    allow_unbound_role: bool = False
    registration: RegistrationSettings = RegistrationSettings()
    audit_checkpoint: Path | None = None
    terminal_log: Path | None = None
    """端末の監査記録 (S-4) of a terminal without a database; None for ``kokuho-terminal`` in the working folder."""
    retention_folders: tuple[Path, ...] = ()
    """廃棄で調べるフォルダ (S-29), besides those that were delivered into."""
    requires_second_factor: bool = False
    """第二の認証 (S-31): whether operators show a code besides their name."""
    second_process: bool = True
    """Whether a command may start a second process for long work."""
    benefit: Choices = Choices()

    def overridden(self, database: str | None = None, key_ring: Path | None = None) -> Configuration:
        """With what the command line says; None leaves a value as it is."""
        return evolve(self, database=database or self.database, key_ring=key_ring or self.key_ring)


def load_configuration(path: Path) -> Configuration:
    """Read a configuration file; its keys are those of docs/settings.md. Raises :class:`SetupFault` (KKH-C010) with every fault.

    Paths in it are relative to its own folder, a database URL is taken as it stands.
    """
    try:
        with path.open("rb") as file:
            source = tomllib.load(file)
    except OSError:
        raise _fault(f"{path.name}: not readable") from None
    except ValueError:
        raise _fault(f"{path.name}: not TOML") from None
    read = SettingSource(source, path.parent)
    found = _configuration(read)
    if wrong := [*read.unknown(), *read.wrong]:
        raise SetupFault(*(Problem("KKH-C010", field=key[:40]) for key in wrong))
    return found


def setting_keys() -> list[str]:
    """The keys that a configuration file may have."""
    nothing = SettingSource({}, Path())
    _configuration(nothing)
    return nothing.asked


def _configuration(source: SettingSource) -> Configuration:
    """What does not stand in ``source`` has its default."""
    database = source.text("database", DEFAULT_DATABASE) or DEFAULT_DATABASE
    usual = Settings()
    late_elderly = {choice.name.lower(): DateRules(choice) for choice in LateElderlyLoss}
    registration, repertoire = source.table("registration", partial(registration_of, source.folder))
    return Configuration(
        database=str(source.folder / database) if is_plain_path(database) else database,
        key_ring=source.path("key_ring"),
        layouts=source.paths("layouts"),
        settings=Settings(
            unmatched_wait_days=source.whole("unmatched_wait_days", usual.unmatched_wait_days, 3650),
            date_rules=source.one_of("late_elderly_loss", late_elderly, usual.date_rules),
            gates=source.table("gates", gates_of),
            feeds=source.table("feeds", feeds_of),
            two_person_approval=source.one_of("two_person_approval", {"auto": None, True: True, False: False}, None),
            second_look_at_decisions=source.flag("second_look_at_decisions", usual.second_look_at_decisions),
            list_limit=source.whole("list_limit", usual.list_limit, _MOST_ROWS),
            business_hours=source.table("business_hours", business_hours_of),
            reveal_daily_limit=source.whole("reveal_daily_limit", usual.reveal_daily_limit, _MOST_ROWS),
            reveal_roles=source.some_of("reveal_roles", {role.value: role for role in usual.reveal_roles}),
            repertoire=repertoire,
        ),
        key_provider=source.text("key_provider"),
        database_role=source.text("database_role", DEFAULT_ROLE, _ROLE) or DEFAULT_ROLE,
        allow_unbound_role=source.flag("allow_unbound_role", False),
        registration=registration,
        audit_checkpoint=source.path("audit_checkpoint"),
        terminal_log=source.path("terminal_log"),
        retention_folders=source.paths("retention_folders"),
        requires_second_factor=source.one_of("second_factor", {"off": False, "required": True}, False),
        second_process=source.flag("second_process", True),
        benefit=source.table("benefit", choices_of),
    )


def _fault(part: str) -> SetupFault:
    return SetupFault(Problem("KKH-C010", field=part))

"""設定ファイル: where the database and the keys are, and the settings of the rules (TOML, KKH-C010)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from attrs import evolve, frozen

from kokuho_adapters.database.roles import DEFAULT_ROLE
from kokuho_adapters.hours_setting import business_hours_of
from kokuho_adapters.registration_settings import RegistrationSettings, registration_of
from kokuho_adapters.safety_settings import feeds_of, gates_of
from kokuho_core.access import Role
from kokuho_core.errors import Problem, SetupFault
from kokuho_core.qualification.date_rules import DateRules, LateElderlyLoss
from kokuho_core.usecases.office import Settings

DEFAULT_DATABASE: Final = "sqlite:///kokuho.sqlite3"
_ROLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_$-]{0,62}", re.ASCII)
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
    retention_folders: tuple[Path, ...] = ()
    """廃棄で調べるフォルダ (S-29), besides those that were delivered into."""
    requires_second_factor: bool = False
    """第二の認証 (S-31): whether operators show a code besides their name."""
    second_process: bool = True
    """Whether a command may start a second process for long work."""

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
    return _configuration(source, path.parent)


def _configuration(source: Mapping[str, Any], folder: Path) -> Configuration:
    known = (
        "database", "key_ring", "key_provider", "layouts", "unmatched_wait_days", "late_elderly_loss", "gates", "feeds",
        "database_role", "allow_unbound_role",
        "audit_checkpoint", "two_person_approval", "second_look_at_decisions", "list_limit", "reveal_daily_limit",
        "reveal_roles", "business_hours", "second_factor", "retention_folders", "second_process", "registration",
    )  # fmt: skip
    wrong = [key for key in source if key not in known]
    database = source.get("database", DEFAULT_DATABASE)
    if not isinstance(database, str) or not database:
        wrong.append("database")
    key_ring = source.get("key_ring")
    if key_ring is not None and (not isinstance(key_ring, str) or not key_ring):
        wrong.append("key_ring")
    key_provider = source.get("key_provider")
    if key_provider is not None and (not isinstance(key_provider, str) or not key_provider):
        wrong.append("key_provider")
    database_role = source.get("database_role", DEFAULT_ROLE)
    if not isinstance(database_role, str) or not _ROLE.fullmatch(database_role):
        wrong.append("database_role")
    allow_unbound_role = source.get("allow_unbound_role", False)
    if not isinstance(allow_unbound_role, bool):
        wrong.append("allow_unbound_role")
    second_process = source.get("second_process", True)
    if not isinstance(second_process, bool):
        wrong.append("second_process")
    layouts = source.get("layouts", [])
    if not isinstance(layouts, list) or not all(isinstance(each, str) and each for each in layouts):
        wrong.append("layouts")
    defaults = Settings()
    wait_days = source.get("unmatched_wait_days", defaults.unmatched_wait_days)
    if type(wait_days) is not int or not 0 <= wait_days <= 3650:
        wrong.append("unmatched_wait_days")
    late_elderly = source.get("late_elderly_loss", defaults.date_rules.late_elderly_loss.name.lower())
    choices = {choice.name.lower(): choice for choice in LateElderlyLoss}
    if not isinstance(late_elderly, str) or late_elderly not in choices:
        wrong.append("late_elderly_loss")
    checkpoint = source.get("audit_checkpoint")
    if checkpoint is not None and (not isinstance(checkpoint, str) or not checkpoint):
        wrong.append("audit_checkpoint")
    two_persons = source.get("two_person_approval", "auto")
    if two_persons not in ("auto", True, False):
        wrong.append("two_person_approval")
    second_look = source.get("second_look_at_decisions", defaults.second_look_at_decisions)
    if not isinstance(second_look, bool):
        wrong.append("second_look_at_decisions")
    retention_folders = source.get("retention_folders", [])
    if not isinstance(retention_folders, list) or not all(isinstance(each, str) and each for each in retention_folders):
        wrong.append("retention_folders")
    second_factor = source.get("second_factor", "off")
    if second_factor not in ("off", "required"):
        wrong.append("second_factor")
    limits = {key: source.get(key, getattr(defaults, key)) for key in ("list_limit", "reveal_daily_limit")}
    wrong += [key for key, limit in limits.items() if type(limit) is not int or not 0 <= limit <= 10_000_000]
    roles = _roles_of(source.get("reveal_roles", [role.value for role in defaults.reveal_roles]), wrong)
    hours = business_hours_of(source.get("business_hours", {}), wrong)
    gates, feeds = gates_of(source.get("gates", {}), wrong), feeds_of(source.get("feeds", {}), wrong)
    registration, repertoire = registration_of(source.get("registration", {}), folder, wrong)
    if wrong:
        raise SetupFault(*(Problem("KKH-C010", field=key[:40]) for key in wrong))
    return Configuration(
        database=str(folder / database) if is_plain_path(database) else database,
        key_ring=folder / key_ring if key_ring is not None else None,
        layouts=tuple(folder / each for each in layouts),
        settings=Settings(
            wait_days, DateRules(choices[late_elderly]), gates, feeds, None if two_persons == "auto" else two_persons,
            second_look_at_decisions=second_look, reveal_roles=roles, business_hours=hours, repertoire=repertoire, **limits,
        ),
        key_provider=key_provider,
        database_role=database_role,
        allow_unbound_role=allow_unbound_role,
        audit_checkpoint=folder / checkpoint if checkpoint is not None else None,
        retention_folders=tuple(folder / each for each in retention_folders),
        requires_second_factor=second_factor == "required",
        second_process=second_process,
        registration=registration,
    )


def _roles_of(source: Any, wrong: list[str]) -> frozenset[Role]:
    """Roles that may work with persons; others see no number whatever is set."""
    allowed = {role.value: role for role in Settings().reveal_roles}
    if not isinstance(source, list) or not all(isinstance(each, str) and each in allowed for each in source):
        wrong.append("reveal_roles")
        return frozenset()
    return frozenset(allowed[each] for each in source)


def _fault(part: str) -> SetupFault:
    return SetupFault(Problem("KKH-C010", field=part))

"""``kokuho conformance ports``: this library's own stores, exchange folder and number vault, by the library's door."""

from __future__ import annotations

from typing import Any

import click

from kokuho_adapters import __version__
from kokuho_adapters.cli.conformance.options import DATABASE, prefectures_of
from kokuho_adapters.cli.conformance.port_run import port_run, run_trials
from kokuho_adapters.cli.session import JSON


@click.command()
@DATABASE
@click.option("--in-memory", is_flag=True, help="記憶の中の見本を試す / The ports in memory instead.")
@port_run(30)
@JSON
def ports(database: str | None, in_memory: bool, as_json: bool, **said: Any) -> int:
    """この製品自身の口(保管・ファイル授受・番号保管庫)を試します。 / Test this library's own ports."""
    from kokuho_adapters.conformance.own_ports import OwnStores, own_folder_exchange, own_vault
    from kokuho_core.conformance.trials import ExchangeTrial, StoresTrial, VaultTrial
    from kokuho_core.conformance.trials.in_memory import memory_exchange, memory_stores

    system = f"kokuho {__version__}"
    if in_memory:
        system = f"{system} in memory"
        return run_trials([StoresTrial(memory_stores), ExchangeTrial(memory_exchange)], said, as_json, system=system)
    with prefectures_of(database) as prefectures:
        stores = StoresTrial(OwnStores(prefectures).open)
        return run_trials([stores, ExchangeTrial(own_folder_exchange), VaultTrial(own_vault)], said, as_json, system=system)

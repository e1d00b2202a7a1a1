"""口の試験: the library's door for whatever implements a port — stores, exchange, number vault, receiver of registrations."""

from kokuho_core.conformance.trials.exchange import ExchangeTrial, ExchangeUnderTest, MakeExchange
from kokuho_core.conformance.trials.harness import play, run_port_conformance
from kokuho_core.conformance.trials.receiver import MakeRegistry, ReceiverTrial, Registry
from kokuho_core.conformance.trials.report import PortFault, PortReport, PortRuleResult
from kokuho_core.conformance.trials.rules import PORT_RULES, Port, PortRule
from kokuho_core.conformance.trials.sender import MakeSender, SenderTrial, SenderUnderTest
from kokuho_core.conformance.trials.stores import MakeStores, StoresTrial, StoresUnderTest
from kokuho_core.conformance.trials.trial import Check, NothingFresh, Trial
from kokuho_core.conformance.trials.vault import MakeVault, VaultTrial, VaultUnderTest

__all__ = [
    "PORT_RULES",
    "Check",
    "ExchangeTrial",
    "ExchangeUnderTest",
    "MakeExchange",
    "MakeRegistry",
    "MakeSender",
    "MakeStores",
    "MakeVault",
    "NothingFresh",
    "Port",
    "PortFault",
    "PortReport",
    "PortRule",
    "PortRuleResult",
    "ReceiverTrial",
    "Registry",
    "SenderTrial",
    "SenderUnderTest",
    "StoresTrial",
    "StoresUnderTest",
    "Trial",
    "VaultTrial",
    "VaultUnderTest",
    "play",
    "run_port_conformance",
]

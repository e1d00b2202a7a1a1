"""OpenAPI文書: the running simulator does what its document says, over TLS, for whatever schemathesis thinks of."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from click.testing import CliRunner
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode

from kokuho_adapters.cli.commands import cli
from kokuho_adapters.registry_simulator.application import document

from .kit import EAST, FEDERATION, OPERATOR, WEST, Side, batch, line, running

FAULTS = ("500", "502", "503", "504")
"""Answers that are documented because they can be ordered. Nothing is ordered here, so none of them may come."""

EXAMPLES = 15 if settings().max_examples <= 100 else 300


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Side]:
    """A simulator with something in it."""
    with running(tmp_path_factory.mktemp("openapi")) as side:
        side.server_gateway().send(batch(1, [line("K1"), line("K2", 2)]))
        yield side


def session_of(side: Side, client: str) -> requests.Session:
    certificates = side.simulator.settings.certificates
    session = requests.Session()
    session.trust_env = False
    session.verify = str(certificates / "ca.pem")
    session.cert = (str(certificates / f"{client}.pem"), str(certificates / f"{client}.key"))
    return session


def _described(side: Side, *, known: bool) -> Any:
    """The document as it is, or with partitions and receptions that exist, so that requests get further."""
    described = copy.deepcopy(document())
    if known:
        for path in described["paths"].values():
            for operation in path.values():
                for parameter in operation.get("parameters", ()):
                    if parameter["name"] == "insurer":
                        parameter["schema"] = {"type": "string", "enum": [EAST, WEST]}
                    if parameter["name"] == "reception":
                        parameter["schema"] = {"type": "string", "enum": ["R00000000001", "R00000000002"]}
    schema = schemathesis.openapi.from_dict(described)
    schema.config.update(base_url=side.simulator.url)
    return schema


OPERATIONS = sorted((path, method) for path, methods in document()["paths"].items() for method in methods)


def _answered(case: Any, side: Side, session: requests.Session) -> None:
    response = case.call(session=session, verify=session.verify, cert=session.cert)
    side.receiver.order_fault(OPERATOR, None)  # a fault that was just ordered shall not meet the next request
    case.validate_response(
        response,
        excluded_checks=[
            # a record or number that does not fit is refused though its form is right; without a certificate there is no connection
            schemathesis.checks.positive_data_acceptance,
            schemathesis.checks.ignored_auth,
        ],
    )
    assert str(response.status_code) not in FAULTS


@pytest.mark.parametrize("known", [False, True], ids=["anything", "partitions that exist"])
@pytest.mark.parametrize(("path", "method"), OPERATIONS, ids=lambda each: str(each).replace("/", " ").strip())
def test_no_undocumented_answer(served: Side, path: str, method: str, known: bool) -> None:
    """Rules: R-3. Whatever is asked, in the right form or a wrong one; of one's own partitions and of any others."""
    operation = _described(served, known=known)[path][method.upper()]

    client = "operator" if path.startswith("/operator") else FEDERATION

    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), deadline=None, phases=(Phase.generate,))
    @given(case=st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in GenerationMode)))
    def ask(case: Any) -> None:
        _answered(case, served, session)

    with session_of(served, client) as session:
        ask()


def test_nothing_ended_in_an_error_of_the_server(served: Side) -> None:
    """Rules: R-3, S-4. After all that the simulator works, and has recorded what it refused."""
    assert [each.record_key for each in served.server_gateway().shown(EAST)][:2] == ["K1", "K2"]
    assert len(served.refusals()) > 20


def test_the_document_is_served_and_printed(served: Side, tmp_path: Path) -> None:
    """Rules: R-3. One and the same, by the server and by the command."""
    with session_of(served, FEDERATION) as session:
        fetched = session.get(f"{served.simulator.url}/v1/openapi.json", timeout=10).json()
    printed = CliRunner().invoke(cli, ["simulate-server", "--openapi"])
    assert printed.exit_code == 0 and json.loads(printed.stdout) == fetched == document()
    [row] = [fetched["components"]["schemas"]["KanyushaBatch"]["properties"]["rows"]["items"]]
    assert row["minItems"] == row["maxItems"] == 26

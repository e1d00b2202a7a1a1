"""回線の障害: slow, refused, broken before or after the effect, as ordered (faults.py); it stands before the application."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from kokuho_adapters.registry_simulator.faults import Fault, FaultKind, FaultPlace
from kokuho_adapters.registry_simulator.receiver import Receiver
from kokuho_adapters.registry_simulator.tls import ABORT

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Any, Any, Any], Awaitable[None]]

_KINDS: Final = frozenset(
    {FaultKind.SLOW, FaultKind.ERROR, FaultKind.LOST_REQUEST, FaultKind.LOST_ANSWER, FaultKind.CUT_ANSWER}
)
_PLACES: Final = (
    (FaultPlace.RESULTS, re.compile(r"GET /v1/partitions/[^/]+/(?:registrations|withdrawals|symbols)/[^/]+")),
    (FaultPlace.SEND, re.compile(r"POST /v1/partitions/[^/]+/(?:registrations|withdrawals|symbols)")),
    (FaultPlace.SHOWN, re.compile(r"GET /v1/partitions/[^/]+/qualifications")),
    (FaultPlace.LISTINGS, re.compile(r"GET /v1/partitions/[^/]+/(?:card-registrations|duplicate-covers)")),
)


class FaultyLine:
    """The application behind a line on which things go wrong when they were ordered to."""

    def __init__(self, application: Application, receiver: Receiver) -> None:
        self._application = application
        self._receiver = receiver

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        place = _place_of(scope)
        fault = None
        if place is not None:
            fault = await asyncio.to_thread(self._receiver.next_fault, place, _KINDS)
        if fault is None:
            await self._application(scope, receive, send)
            return
        await self._with(fault, scope, receive, send)

    async def _with(self, fault: Fault, scope: Any, receive: Receive, send: Send) -> None:
        match fault.kind:
            case FaultKind.SLOW:
                await asyncio.sleep(fault.seconds)
                await self._application(scope, receive, send)
            case FaultKind.ERROR:
                await _refuse(fault.status, send)
            case FaultKind.LOST_REQUEST:
                await _break(scope, receive)
            case FaultKind.LOST_ANSWER:
                await self._application(scope, receive, _nowhere)
                await _break(scope, receive)
            case _:
                await self._application(scope, receive, _half(send))
                await _break(scope, receive)


def _place_of(scope: Any) -> FaultPlace | None:
    if scope["type"] != "http":
        return None
    request = f"{scope['method']} {scope['path']}"
    return next((place for place, form in _PLACES if form.fullmatch(request)), None)


async def _refuse(status: int, send: Send) -> None:
    body = json.dumps({"code": f"S{status}", "message": "注文された障害 / a fault that was ordered"}).encode("ascii")
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode("ascii"))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _nowhere(_: Message) -> None:
    """An answer that is lost."""


def _half(send: Send) -> Send:
    """Of the answer the first half."""

    async def send_half(message: Message) -> None:
        if message["type"] == "http.response.body":
            body = message.get("body", b"")
            message = {"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True}
        await send(message)

    return send_half


async def _break(scope: Any, receive: Receive) -> None:
    """Break the connection and wait until it is broken: an application that ends earlier would be answered for."""
    await asyncio.sleep(0.01)  # what was sent reaches the wire
    scope["extensions"][ABORT]()
    while (await receive())["type"] != "http.disconnect":
        pass

"""サーバー間連携: batches over HTTPS with a certificate of our own, to a server known by its pinned authority (R-3, S-11).

Sending gives a 受付番号, by which the result is fetched. What may be repeated is repeated here, a bounded number of times with
growing pauses of random length, and each batch carries its idempotency key: the server tells a second sending from a new one.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import orjson
from attrs import define, field, frozen

from kokuho_adapters.exchange.credentials import Certificate, load_private_key
from kokuho_adapters.files import LayoutBook
from kokuho_adapters.files.naming import parse_timestamp
from kokuho_adapters.files.writer import RowFormatter
from kokuho_adapters.registry.answers import CARDS, DUPLICATES, RESULT_FILE, SHOWN, AnswerReader, layout_in
from kokuho_core.errors import ChannelFault, ChannelRefused, FileRefused, Problem, SetupFault
from kokuho_core.ports.registry import Batch, CardRegistration, DuplicateList, Exchange, ReceptionNumber, ShownRecord
from kokuho_core.vocabulary.identifiers import InsurerNumber

BATCH_LINES: Final = 2000

_PATH_OF: Final = {
    Exchange.REGISTRATION: "registrations",
    Exchange.CARD_WITHDRAWAL: "withdrawals",
    Exchange.INSTITUTION_SYMBOL: "symbols",
}
_CIPHERS: Final = "ECDHE+AESGCM"
_AGAIN: Final = frozenset({429, 500, 502, 503, 504})
_CODE_OF: Final = {401: "KKH-K103", 403: "KKH-K103", 409: "KKH-K104"}
_LONGEST_PAUSE: Final = 30.0
_CHUNK: Final = 1000


@frozen
class ServerAddress:
    """接続先. ``url`` is ``https://host:port``; ``authority`` the certificate of the authority that issued the server's.

    ``certificate`` and ``key`` are ours. A request waits ``timeout_seconds`` for each step and is made up to ``attempts`` times,
    with pauses that begin at ``pause_seconds`` and double.
    """

    url: str
    certificate: Path
    key: Path
    authority: Path
    passphrase: bytes | None = field(default=None, repr=False)
    timeout_seconds: float = 30.0
    attempts: int = 5
    pause_seconds: float = 0.5
    proxy: str | None = None

    def __attrs_post_init__(self) -> None:
        if not self.url.startswith("https://") or "@" in self.url:
            raise SetupFault(Problem("KKH-C010", field="server: https://HOST[:PORT]"))

    def context(self) -> ssl.SSLContext:
        """TLS 1.2 or later with algorithms of the CRYPTREC list, our certificate, and no authority but the pinned one.

        Raises :class:`SetupFault` (KKH-E008) for certificates and keys that are not allowed, expired, or no pair.
        """
        own = Certificate.load(self.certificate, "certificate")
        load_private_key(self.key, self.passphrase, own, "key")
        Certificate.load(self.authority, "authority")
        try:
            context = ssl.create_default_context(cafile=str(self.authority))
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            context.set_ciphers(_CIPHERS)
            context.load_cert_chain(self.certificate, self.key, self.passphrase or (lambda: b""))
        except OSError:  # ssl.SSLError is one
            raise SetupFault(Problem("KKH-E008", field="certificate")) from None
        return context


@define
class ServerGateway:
    """中間サーバーへのサーバー間連携: a :class:`~kokuho_core.ports.registry.RegistryGateway`. Close it, or use ``with``.

    Raises :class:`SetupFault`: KKH-E014 without the extra ``registry``, KKH-E008 certificates.
    """

    address: ServerAddress
    book: LayoutBook = field(repr=False)
    _client: Any = field(init=False, repr=False)
    _httpx: Any = field(init=False, repr=False)
    _repeat: Callable[..., Any] = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        try:
            import httpx  # noqa: PLC0415 - an extra
            import tenacity  # noqa: PLC0415 - an extra
        except ImportError:
            raise SetupFault(Problem("KKH-E014", field="registry")) from None
        address = self.address
        self._httpx = httpx
        self._client = httpx.Client(
            base_url=address.url,
            verify=address.context(),
            timeout=address.timeout_seconds,
            trust_env=False,
            proxy=address.proxy,
            limits=httpx.Limits(max_connections=1),
        )
        self._repeat = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(ChannelFault),
            stop=tenacity.stop_after_attempt(max(address.attempts, 1)),
            wait=tenacity.wait_random_exponential(multiplier=address.pause_seconds, max=_LONGEST_PAUSE),
            reraise=True,
        )

    def close(self) -> None:
        self._client.close()

    def __enter__(self) -> ServerGateway:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @property
    def channel(self) -> str:
        return "server"

    @property
    def batch_lines(self) -> int:
        return BATCH_LINES

    # --- sending ---

    def send(self, batch: Batch) -> ReceptionNumber:
        """Send the batch. Raises, beside what the port names, :class:`InvalidValue` and :class:`FileRefused` (KKH-E009) for a
        value that the layout cannot hold or must not.
        """
        layout = layout_in(self.book, batch.exchange.value)
        form = RowFormatter(layout, layout.keys)
        rows: list[tuple[str, ...]] = []
        lines = iter(batch.lines())
        while some := list(islice(lines, _CHUNK)):
            columns = form.columns(list(zip(*some, strict=True)), len(some), len(rows) + 1)
            rows += zip(*columns[1:], strict=True)
        form.finish()
        content = orjson.dumps({"version": layout.version, "number": batch.number, "rows": rows})
        answer = self._ask(
            "POST",
            self._path(batch.insurer_number, _PATH_OF[batch.exchange]),
            content=content,
            headers={
                "Content-Type": "application/json",
                "Idempotency-Key": f"{batch.exchange.value}-{batch.insurer_number}-{batch.number}",
            },
        )
        number = answer.get("reception_number")
        if not isinstance(number, str) or not 1 <= len(number) <= 64 or not (number.isascii() and number.isprintable()):
            raise FileRefused(Problem("KKH-K106", field="reception_number"))
        return ReceptionNumber(number)

    # --- answers ---

    def results(
        self, exchange: Exchange, insurer: InsurerNumber, number: int, reception: ReceptionNumber
    ) -> Iterable[Any] | None:
        """The results of a batch; None while the server works on it."""
        answer = self._ask("GET", self._path(insurer, _PATH_OF[exchange], reception))
        if answer.get("status") == "processing":
            return None
        if answer.get("status") != "done":
            raise FileRefused(Problem("KKH-K106", field="status"))
        return self._reader(RESULT_FILE[exchange]).read(answer.get("rows"))

    def shown(self, insurer: InsurerNumber) -> Iterator[ShownRecord]:
        """The live records of a partition, a page at a time."""
        reader, after = self._reader(SHOWN), ""
        while True:
            answer = self._ask("GET", self._path(insurer, "qualifications"), params={"after": after})
            last = after
            for record in reader.read(answer.get("rows")):
                last = record.record_key
                yield record
            if not _more(answer):
                return
            if last == after:
                raise FileRefused(Problem("KKH-K106", field="more"))
            after = last

    def card_registrations(self, insurer: InsurerNumber) -> Iterable[CardRegistration] | None:
        found = self._listing(CARDS, self._path(insurer, "card-registrations"))
        return found[1] if found is not None else None

    def duplicates(self, insurer: InsurerNumber) -> DuplicateList | None:
        found = self._listing(DUPLICATES, self._path(insurer, "duplicate-covers"))
        return DuplicateList(*found) if found is not None else None

    def _listing(self, file_id: str, path: str) -> tuple[date, Iterable[Any]] | None:
        """Day and rows of the newest list."""
        first = self._ask("GET", path)
        sequence = first.get("sequence")
        if sequence is None:
            return None
        if type(sequence) is not int:
            raise FileRefused(Problem("KKH-K106", field="sequence"))
        return _day(first.get("listed_on")), self._pages(self._reader(file_id), path, sequence, first)

    def _pages(self, reader: AnswerReader, path: str, sequence: int, first: dict[str, Any]) -> Iterator[Any]:
        """All pages of one and the same list, even if another one is made meanwhile."""
        answer, count = first, 0
        while True:
            begun = count
            for record in reader.read(answer.get("rows")):
                count += 1
                yield record
            if not _more(answer):
                return
            if count == begun:
                raise FileRefused(Problem("KKH-K106", field="more"))
            answer = self._ask("GET", path, params={"after": count - 1, "sequence": sequence})
            if answer.get("sequence") != sequence:
                raise FileRefused(Problem("KKH-K106", field="sequence"))

    def _reader(self, file_id: str) -> AnswerReader:
        return AnswerReader(layout_in(self.book, file_id))

    # --- one request ---

    @staticmethod
    def _path(insurer: InsurerNumber, *parts: str) -> str:
        return "/".join(("/v1/partitions", insurer, *parts))

    def _ask(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        """One request with its repetitions. Returns the object of the answer."""
        answer: dict[str, Any] = self._repeat(self._ask_once, method, path, request)
        return answer

    def _ask_once(self, method: str, path: str, request: dict[str, Any]) -> dict[str, Any]:
        fault: Exception | None = None
        response: Any = None
        try:
            response = self._client.request(method, path, **request)
        except (self._httpx.TransportError, ssl.SSLError) as error:
            fault = error
        if fault is not None:
            # outside the except block: the request, which may hold 個人番号, hangs on the exception
            raise _told(fault)
        response.stream = self._httpx.ByteStream(b"")  # it was read; the old one refers to the answer, and both would stay
        status = response.status_code
        if status in _AGAIN:
            raise ChannelFault(Problem("KKH-K101", field=str(status)))
        body = _object(response.content)
        if status not in (200, 202):
            code = body.get("code") if body is not None else None
            shown = code if isinstance(code, str) and len(code) <= 10 and code.isalnum() else str(status)
            raise ChannelRefused(Problem(_CODE_OF.get(status, "KKH-K105"), field=shown))
        if body is None:
            raise FileRefused(Problem("KKH-K106", field=str(status)))
        return body


def _object(content: bytes) -> dict[str, Any] | None:
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError:
        return None
    return body if isinstance(body, dict) else None


def _day(text: Any) -> date:
    moment = parse_timestamp(f"{text}000000") if isinstance(text, str) else None
    if moment is None:
        raise FileRefused(Problem("KKH-K106", field="listed_on"))
    return moment.date()


def _more(answer: dict[str, Any]) -> bool:
    more = answer.get("more")
    if not isinstance(more, bool):
        raise FileRefused(Problem("KKH-K106", field="more"))
    return more


def _told(fault: BaseException) -> ChannelFault | ChannelRefused:
    """A broken line may be tried again; a certificate that one side does not take will not be taken later either."""
    seen: BaseException | None = fault
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):
            return ChannelRefused(Problem("KKH-K102"))
        if isinstance(seen, ssl.SSLError) and "ALERT" in (seen.reason or ""):
            return ChannelRefused(Problem("KKH-K103", field="certificate"))
        seen = seen.__cause__ or seen.__context__
    return ChannelFault(Problem("KKH-K101"))

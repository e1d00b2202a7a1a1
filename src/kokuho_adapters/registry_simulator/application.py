"""サーバー間連携の窓口: the HTTP interface of the intermediate server, with its OpenAPI document (R-3, R-4, R-7, C-1, C-3).

Records travel as rows of texts in the order and form of the columns of their layout, an empty text for what is not set: the
same values as in the files of the other channel.
"""

from __future__ import annotations

import tempfile
import traceback
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import structlog
from litestar import Controller, Litestar, Request, Response, Router, delete, get, post
from litestar.di import NamedDependency, Provide
from litestar.exceptions import HTTPException, NotFoundException
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import OpenAPI, OpenAPIType, Schema
from litestar.params import HeaderParameter, JSONBody, PathParameter, QueryParameter, SkipValidation
from msgspec import Meta, Struct, defstruct

from kokuho_adapters.registry_simulator.answers import REFUSALS, Refusal, Refused
from kokuho_adapters.registry_simulator.faults import Fault, FaultKind, FaultPlace
from kokuho_adapters.registry_simulator.line import Application, FaultyLine
from kokuho_adapters.registry_simulator.receiver import (
    CARDS,
    DUPLICATES,
    REGISTRATION,
    RESULT_OF,
    SYMBOL,
    WITHDRAWAL,
    Caller,
    Receiver,
    layout_of,
)
from kokuho_adapters.registry_simulator.settings import Settings
from kokuho_adapters.registry_simulator.state import State
from kokuho_adapters.registry_simulator.tls import subject_of

_LOG: Final = structlog.get_logger()
BATCH_ROWS: Final = 2000
"""The most records one batch may have by this channel."""
PAGE_ROWS: Final = 5000
_MAX_BODY: Final = 8 << 20

Served = NamedDependency[SkipValidation[Receiver]]
Insurer = Annotated[str, PathParameter(pattern="^([0-9]{6}|[0-9]{8})$", description="保険者番号")]
ReceptionText = Annotated[str, PathParameter(pattern="^R[0-9]{11}$", description="受付番号")]
After = Annotated[
    str, QueryParameter(pattern="^[0-9A-Za-z]{0,20}$", required=False, description="前の頁の最後のレコード識別番号")
]
Place = Annotated[int, QueryParameter(ge=-1, le=2**53, required=False, description="前の頁までの行数 − 1")]
Sequence = Annotated[int | None, QueryParameter(ge=1, le=2**53, required=False, description="一覧の連番(2頁目から)")]
IdempotencyKey = Annotated[
    str,
    HeaderParameter(
        name="Idempotency-Key", pattern="^[A-Za-z0-9_-]{1,64}$", description="送信ごとの鍵: 同じ送信には同じ鍵"
    ),
]


class Refusing(Struct):
    """受付拒否: ``code`` is one of the receiver's, ``message`` says it in Japanese and English. No value is repeated."""

    code: str
    message: str


class Received(Struct):
    """受付番号."""

    reception_number: str


class Results(Struct):
    """登録結果. ``rows`` have the columns of the result file; while it is not there, ``status`` is ``processing``."""

    status: Literal["done", "processing"]
    rows: list[tuple[str, ...]]


class Page(Struct):
    """照会結果 の頁: ``rows`` in the columns of SHOKAIKEKKA."""

    rows: list[tuple[str, ...]]
    more: bool


class Listing(Struct):
    """一覧 の頁: ``sequence`` and ``listed_on`` are empty when none was made yet."""

    sequence: int | None
    listed_on: str | None
    rows: list[tuple[str, ...]]
    more: bool


def _name_of_batch(file_id: str) -> str:
    return f"{file_id.capitalize()}Batch"


def _batch_of(file_id: str) -> Any:
    layout = layout_of(file_id)
    return defstruct(
        _name_of_batch(file_id),
        [
            ("version", Literal[layout.version]),
            ("number", Annotated[int, Meta(ge=1, le=999_999_999, description="保険者・種類ごとに1から続く番号")]),
            ("rows", Annotated[list[list[str]], Meta(max_length=BATCH_ROWS, description=layout.name)]),
        ],
        forbid_unknown_fields=True,
        namespace={"__doc__": layout.name},
    )


RegistrationBatch: Any = _batch_of(REGISTRATION)
WithdrawalBatch: Any = _batch_of(WITHDRAWAL)
SymbolBatch: Any = _batch_of(SYMBOL)

_STATUS: Final = {
    Refusal.UNKNOWN_CLIENT: 403,
    Refusal.PARTITION: 403,
    Refusal.NOT_FOUND: 404,
    Refusal.NUMBER_USED: 409,
    Refusal.NUMBER_GAP: 409,
    Refusal.MALFORMED: 400,
    Refusal.FOREIGN_RECORD: 422,
    Refusal.UNANSWERABLE: 422,
    Refusal.TOO_LARGE: 413,
}
_OF_STATUS: Final = {400: Refusal.MALFORMED, 404: Refusal.NOT_FOUND, 413: Refusal.TOO_LARGE}
_MEANING: Final = {
    400: "形式が正しくない",
    403: "許可されていない(証跡に残る)",
    404: "該当なし",
    409: "番号が別の内容で使われているか、前の番号が届いていない",
    413: "大きすぎる",
    422: "レコードが他の保険者のものか、区別できない",
    500: "障害",
    502: "障害",
    503: "障害",
    504: "障害",
}
_READING: Final = (400, 403, 404, 500, 502, 503, 504)
_SENDING: Final = (400, 403, 409, 413, 422, 500, 502, 503, 504)


def _refusals(*statuses: int) -> dict[int, ResponseSpec]:
    return {
        status: ResponseSpec(Refusing, generate_examples=False, description=_MEANING[status]) for status in statuses
    }


def _sending() -> dict[int, ResponseSpec]:
    again = ResponseSpec(Received, generate_examples=False, description="受付済み: 同じ受付番号")
    return {200: again, **_refusals(*_SENDING)}


def _reading() -> dict[int, ResponseSpec]:
    return _refusals(*_READING)


def _waiting() -> dict[int, ResponseSpec]:
    later = ResponseSpec(
        Results,
        generate_examples=False,
        description="処理中",
    )
    return {202: later, **_refusals(*_READING)}


def caller_of(request: Request[Any, Any, Any]) -> Caller:
    """Who calls: the name in the certificate of the connection."""
    return Caller("https", subject_of(request.scope))


class Partition(Controller):
    """区画: what a client may do in the partitions it is let into."""

    path = "/v1/partitions/{insurer:str}"

    @post("/registrations", status_code=202, responses=_sending(), sync_to_thread=True, summary="加入者情報一括登録")
    def register(
        self,
        request: Request[Any, Any, Any],
        receiver: Served,
        insurer: Insurer,
        data: JSONBody[RegistrationBatch],
        key: IdempotencyKey,
    ) -> Response[Received]:
        return _take(receiver, request, REGISTRATION, insurer, data, key)

    @get("/registrations/{reception:str}", responses=_waiting(), sync_to_thread=True, summary="加入者情報登録結果")
    def registered(
        self, request: Request[Any, Any, Any], receiver: Served, insurer: Insurer, reception: ReceptionText
    ) -> Response[Results]:
        return _results(receiver, request, REGISTRATION, insurer, reception)

    @post("/withdrawals", status_code=202, responses=_sending(), sync_to_thread=True, summary="利用登録解除申請")
    def withdraw(
        self,
        request: Request[Any, Any, Any],
        receiver: Served,
        insurer: Insurer,
        data: JSONBody[WithdrawalBatch],
        key: IdempotencyKey,
    ) -> Response[Received]:
        return _take(receiver, request, WITHDRAWAL, insurer, data, key)

    @get("/withdrawals/{reception:str}", responses=_waiting(), sync_to_thread=True, summary="利用登録解除結果")
    def withdrawn(
        self, request: Request[Any, Any, Any], receiver: Served, insurer: Insurer, reception: ReceptionText
    ) -> Response[Results]:
        return _results(receiver, request, WITHDRAWAL, insurer, reception)

    @post("/symbols", status_code=202, responses=_sending(), sync_to_thread=True, summary="機関別符号の取得依頼")
    def ask_symbols(
        self,
        request: Request[Any, Any, Any],
        receiver: Served,
        insurer: Insurer,
        data: JSONBody[SymbolBatch],
        key: IdempotencyKey,
    ) -> Response[Received]:
        return _take(receiver, request, SYMBOL, insurer, data, key)

    @get("/symbols/{reception:str}", responses=_waiting(), sync_to_thread=True, summary="機関別符号の取得結果")
    def symbols(
        self, request: Request[Any, Any, Any], receiver: Served, insurer: Insurer, reception: ReceptionText
    ) -> Response[Results]:
        return _results(receiver, request, SYMBOL, insurer, reception)

    @get("/qualifications", responses=_reading(), sync_to_thread=True, summary="資格履歴の照会(個人番号なし)")
    def qualifications(
        self, request: Request[Any, Any, Any], receiver: Served, insurer: Insurer, after: After = ""
    ) -> Page:
        rows = receiver.shown_page(caller_of(request), insurer, after, PAGE_ROWS)
        return Page(rows, len(rows) == PAGE_ROWS)

    @get("/card-registrations", responses=_reading(), sync_to_thread=True, summary="利用登録情報(最新の基準日)")
    def cards(
        self,
        request: Request[Any, Any, Any],
        receiver: Served,
        insurer: Insurer,
        after: Place = -1,
        sequence: Sequence = None,
    ) -> Listing:
        return _listing(receiver, request, CARDS, insurer, after, sequence)

    @get("/duplicate-covers", responses=_reading(), sync_to_thread=True, summary="資格重複状況結果一覧(最新)")
    def duplicates(
        self,
        request: Request[Any, Any, Any],
        receiver: Served,
        insurer: Insurer,
        after: Place = -1,
        sequence: Sequence = None,
    ) -> Listing:
        return _listing(receiver, request, DUPLICATES, insurer, after, sequence)


def _take(
    receiver: Receiver, request: Request[Any, Any, Any], exchange: str, insurer: str, data: Any, key: str
) -> Response[Received]:
    reception, is_new = receiver.take(caller_of(request), exchange, insurer, data.number, data.rows, key)
    return Response(Received(reception.text), status_code=202 if is_new else 200)


def _results(
    receiver: Receiver, request: Request[Any, Any, Any], exchange: str, insurer: str, text: str
) -> Response[Results]:
    told = receiver.results(receiver.reception(caller_of(request), exchange, insurer, text))
    if told is None:
        return Response(Results("processing", []), status_code=202, headers={"Retry-After": "1"})
    rows, twice = list(told[0]), told[1]
    return Response(Results("done", rows * 2 if twice else rows), status_code=200)


def _listing(
    receiver: Receiver, request: Request[Any, Any, Any], file_id: str, insurer: str, after: int, sequence: int | None
) -> Listing:
    found = receiver.listing(caller_of(request), file_id, insurer, sequence)
    if found is None:
        return Listing(None, None, [], False)
    listing, sequence, day = found
    rows = receiver.listed(listing, insurer, day, after, PAGE_ROWS)
    return Listing(sequence, day, rows, len(rows) == PAGE_ROWS)


# --- the operator ---


class OrderedFault(Struct, forbid_unknown_fields=True):
    """障害の注文."""

    kind: FaultKind
    place: FaultPlace = FaultPlace.ANY
    skip: Annotated[int, Meta(ge=0, le=9999)] = 0
    times: Annotated[int, Meta(ge=1, le=9999)] = 1
    seconds: Annotated[float, Meta(ge=0, le=600)] = 1.0
    status: Literal[500, 502, 503, 504] = 503


InsurerText = Annotated[str, Meta(pattern="^([0-9]{6}|[0-9]{8})$")]
InsuredId = Annotated[str, Meta(min_length=1, max_length=20)]


class FoundVerification(Struct, forbid_unknown_fields=True):
    """本人確認の結果 of one person (R-6)."""

    insurer_number: InsurerText
    municipal_insured_id: InsuredId
    verification: Literal["0", "1", "2", "3"]


class CardState(Struct, forbid_unknown_fields=True):
    """利用登録の状態 of one person (C-1)."""

    insurer_number: InsurerText
    municipal_insured_id: InsuredId
    registered: bool
    certificate_expires_on: date | None = None


class OtherCover(Struct, forbid_unknown_fields=True):
    """他の保険の資格 of one person (R-7)."""

    insurer_number: InsurerText
    municipal_insured_id: InsuredId
    other_insurer_number: InsurerText
    acquired_on: date
    lost_on: date | None = None


class Cut(Struct, forbid_unknown_fields=True):
    """一覧・断面の作成."""

    file_id: Literal["RIYOTO", "CHOFUKU"]
    insurer_number: InsurerText
    listed_on: date


class Made(Struct):
    """件数."""

    records: int


class Entry(Struct):
    """証跡の一件."""

    entry: int
    at: str
    channel: str
    subject: str
    act: str
    insurer_number: str
    outcome: str
    reason: str


class Operator(Controller):
    """操作員: orders faults, snapshots and lists, says what the checks of persons found, reads the audit."""

    path = "/operator"

    @post("/faults", status_code=201, responses=_refusals(400, 403, 413), sync_to_thread=True, summary="障害の注文")
    def order(self, request: Request[Any, Any, Any], receiver: Served, data: JSONBody[OrderedFault]) -> None:
        fault = Fault(data.kind, data.place, data.skip, data.times, data.seconds, data.status)
        receiver.order_fault(caller_of(request), fault)

    @delete("/faults", responses=_refusals(403), sync_to_thread=True, summary="障害の注文の取消し")
    def calm(self, request: Request[Any, Any, Any], receiver: Served) -> None:
        receiver.order_fault(caller_of(request), None)

    @post(
        "/verifications",
        status_code=201,
        responses=_refusals(400, 403, 404, 413),
        sync_to_thread=True,
        summary="本人確認",
    )
    def verify(self, request: Request[Any, Any, Any], receiver: Served, data: JSONBody[FoundVerification]) -> None:
        receiver.verify(caller_of(request), data.insurer_number, data.municipal_insured_id, data.verification)

    @post("/cards", status_code=201, responses=_refusals(400, 403, 404, 413), sync_to_thread=True, summary="利用登録")
    def card(self, request: Request[Any, Any, Any], receiver: Served, data: JSONBody[CardState]) -> None:
        receiver.register_card(
            caller_of(request),
            data.insurer_number,
            data.municipal_insured_id,
            data.registered,
            data.certificate_expires_on,
        )

    @post("/covers", status_code=201, responses=_refusals(400, 403, 404, 413), sync_to_thread=True, summary="他の資格")
    def cover(self, request: Request[Any, Any, Any], receiver: Served, data: JSONBody[OtherCover]) -> None:
        receiver.add_other_cover(
            caller_of(request),
            data.insurer_number,
            data.municipal_insured_id,
            data.other_insurer_number,
            data.acquired_on,
            data.lost_on,
        )

    @post(
        "/listings",
        status_code=201,
        responses=_refusals(400, 403, 413),
        sync_to_thread=True,
        summary="一覧・断面の作成",
    )
    def cut(self, request: Request[Any, Any, Any], receiver: Served, data: JSONBody[Cut]) -> Made:
        return Made(receiver.cut(caller_of(request), data.file_id, data.insurer_number, data.listed_on))

    @get("/audit", responses=_refusals(400, 403), sync_to_thread=True, summary="証跡")
    def audit(
        self,
        request: Request[Any, Any, Any],
        receiver: Served,
        after: Annotated[int, QueryParameter(ge=0, le=2**53, required=False)] = 0,
    ) -> list[Entry]:
        return [
            Entry(
                each.entry,
                each.at,
                each.channel,
                each.subject,
                each.act,
                each.insurer_number,
                each.outcome,
                each.reason,
            )
            for each in receiver.audit(caller_of(request), after, PAGE_ROWS)
        ]


# --- the whole ---


def _refused(_: Request[Any, Any, Any], refused: Refused) -> Response[Refusing]:
    return Response(
        Refusing(refused.refusal.value, REFUSALS[refused.refusal]),
        status_code=_STATUS[refused.refusal],
        media_type="application/json",
    )


def _document_or_nothing(response: Response[Any]) -> Response[Any]:
    """Beside the document litestar answers every other path with a page of its own, which nobody would record."""
    if response.status_code == 404:
        raise NotFoundException
    return response


async def _report(error: Exception, _: Any) -> None:
    """What nobody foresaw. Its text could hold a value, so the log tells where it happened alone."""
    if not isinstance(error, Refused | HTTPException):
        place = traceback.extract_tb(error.__traceback__)[-1]
        _LOG.error("unexpected", kind=type(error).__name__, file=place.filename, line=place.lineno)


def build(receiver: Receiver) -> Litestar:
    """The application alone; it trusts the name that the connection shows."""

    def not_taken(request: Request[Any, Any, Any], error: HTTPException) -> Response[Refusing]:
        """What the form already refuses. Its text could repeat a value, so it is not used."""
        refusal = _OF_STATUS.get(error.status_code, Refusal.MALFORMED)
        receiver.note(caller_of(request), f"{request.method} {error.status_code}", "", refusal)
        return Response(
            Refusing(refusal.value, REFUSALS[refusal]),
            status_code=error.status_code,
            headers=error.headers,
            media_type="application/json",
        )

    application = Litestar(
        route_handlers=[Partition, Operator],
        dependencies={"receiver": Provide(lambda: receiver, sync_to_thread=False)},
        exception_handlers={Refused: _refused, HTTPException: not_taken},
        request_max_body_size=_MAX_BODY,
        openapi_config=OpenAPIConfig(
            title="模擬中間サーバー / registry simulator",
            version="1.0",
            description=__doc__,
            openapi_router=Router("/v1", route_handlers=[], include_in_schema=False, after_request=_document_or_nothing),
            render_plugins=[JsonRenderPlugin(path="/openapi.json")],
        ),
        logging_config=None,
        after_exception=[_report],
    )
    _complete(application.openapi_schema)
    return application


def _complete(document: OpenAPI) -> None:
    """Say in the document how long each row is, which the receiver checks, and that nothing else may stand in a body."""
    schemas = document.components.schemas or {}
    for file_id in RESULT_OF:
        fields = layout_of(file_id).fields
        batch = schemas[_name_of_batch(file_id)]
        batch.additional_properties = False
        rows = _schema((batch.properties or {}).get("rows"))
        row = _schema(rows.items)
        row.min_items = row.max_items = len(fields)
        row.description = "、".join(item.name for item in fields)
        row.items = Schema(type=OpenAPIType.STRING)
    for name in ("OrderedFault", "FoundVerification", "CardState", "OtherCover", "Cut"):
        schemas[name].additional_properties = False


def _schema(part: Any) -> Schema:
    """A part of the document that stands there itself, not by reference."""
    if not isinstance(part, Schema):
        raise TypeError("the rows of a batch are no list of lists")
    return part


def document() -> dict[str, Any]:
    """OpenAPI文書 of this interface."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(Path(folder), [])
        state = State(settings.state_folder)
        try:
            described: dict[str, Any] = build(Receiver(settings, state, datetime.now)).openapi_schema.to_schema()
            return described
        finally:
            state.close()


def on_the_line(receiver: Receiver) -> Application:
    """The application behind its line."""
    return FaultyLine(build(receiver), receiver)

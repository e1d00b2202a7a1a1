"""操作: every act that is admitted and recorded, and the roles that may do it (S-4, S-31)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final

from kokuho_core.access.roles import Role


class AccessKind(Enum):
    """操作の種別 in the audit log."""

    SESSION = "session"
    READ = "read"
    WRITE = "write"
    REVEAL = "reveal"
    """個人番号の表示."""


class Operation(Enum):
    """操作. The value is what the audit log says under 画面・機能."""

    OPEN_SESSION = "open_session"
    CLOSE_SESSION = "close_session"
    LOG_IN = "log_in"
    LOG_OUT = "log_out"
    INITIALISE = "initialise"
    SHOW_INSURERS = "show_insurers"
    RECEIVE = "receive"
    RESOLVE = "resolve"
    DELIVER = "deliver"
    DECIDE_IDENTITY = "decide_identity"
    CONFIRM_DECISION = "confirm_decision"
    LIST_FINDINGS = "list_findings"
    LIST_CANDIDATES = "list_candidates"
    SHOW_HIGH_COST = "show_high_cost"
    """高額該当の履歴 of one household, what was carried over into it included (H-1)."""
    SHOW_PERSON = "show_person"
    REVEAL_NUMBER = "reveal_number"
    LIST_APPROVALS = "list_approvals"
    DECIDE_APPROVAL = "decide_approval"
    LIST_RIGHTS = "list_rights"
    CHANGE_RIGHTS = "change_rights"
    CHANGE_FACTOR = "change_factor"
    READ_AUDIT = "read_audit"
    VERIFY_AUDIT = "verify_audit"
    LIST_KEYS = "list_keys"
    ROTATE_KEYS = "rotate_keys"
    DESTROY_KEY = "destroy_key"
    EXCHANGE_FILES = "exchange_files"
    SEND_FILES = "send_files"
    """授受フォルダ・SFTP・媒体での送付, of the party that the admission names."""
    TAKE_FILES = "take_files"
    """その受取."""
    MAKE_MEDIA_KEYS = "make_media_keys"
    SHOW_MEDIA = "show_media"
    SHOW_STATUS = "show_status"
    RELEASE_GATE = "release_gate"
    RECALL_FILE = "recall_file"
    LIST_RETENTION = "list_retention"
    RUN_RETENTION = "run_retention"
    SCRUB_TRACES = "scrub_traces"
    REGISTER = "register"
    """加入者情報の提供: legally a provision to another body, and recorded as such (R-1)."""
    TAKE_RESULTS = "take_results"
    LIST_DUE = "list_due"
    RECONCILE = "reconcile"
    EXCHANGE_CARD_USE = "exchange_card_use"
    LIST_CARD_USE = "list_card_use"
    DECIDE_DOCUMENTS = "decide_documents"
    TAKE_COVERS = "take_covers"
    LIST_COVERS = "list_covers"
    DECIDE_LOSS = "decide_loss"
    EXCHANGE_SYMBOLS = "exchange_symbols"
    TAKE_NOTICE = "take_notice"
    BUILD_FILES = "build_files"
    APPLY_FILES = "apply_files"
    HAND_OVER = "hand_over"
    LIST_OFFICE = "list_office"
    LOOK_UP_NUMBER = "look_up_number"

    @property
    def kind(self) -> AccessKind:
        return _KINDS.get(self, AccessKind.READ)

    def is_open_to(self, role: Role) -> bool:
        """Whether ``role`` may do it at all; a municipality only inside its own scope."""
        return role in _ROLES[self]


_WRITES: Final = frozenset(
    {
        Operation.INITIALISE, Operation.RECEIVE, Operation.RESOLVE, Operation.DELIVER, Operation.DECIDE_IDENTITY,
        Operation.CONFIRM_DECISION, Operation.DECIDE_APPROVAL, Operation.CHANGE_RIGHTS, Operation.CHANGE_FACTOR,
        Operation.ROTATE_KEYS, Operation.DESTROY_KEY, Operation.EXCHANGE_FILES, Operation.RELEASE_GATE,
        Operation.RECALL_FILE, Operation.RUN_RETENTION, Operation.REGISTER, Operation.TAKE_RESULTS,
        Operation.RECONCILE, Operation.LIST_DUE, Operation.EXCHANGE_CARD_USE, Operation.DECIDE_DOCUMENTS, Operation.TAKE_COVERS,
        Operation.DECIDE_LOSS, Operation.EXCHANGE_SYMBOLS, Operation.TAKE_NOTICE, Operation.BUILD_FILES,
        Operation.APPLY_FILES, Operation.HAND_OVER, Operation.SEND_FILES, Operation.TAKE_FILES,
        Operation.MAKE_MEDIA_KEYS, Operation.SCRUB_TRACES, Operation.LOOK_UP_NUMBER,
    }
)  # fmt: skip
_KINDS: Final[Mapping[Operation, AccessKind]] = {
    **dict.fromkeys(_WRITES, AccessKind.WRITE),
    Operation.OPEN_SESSION: AccessKind.SESSION,
    Operation.CLOSE_SESSION: AccessKind.SESSION,
    Operation.LOG_IN: AccessKind.SESSION,
    Operation.LOG_OUT: AccessKind.SESSION,
    Operation.REVEAL_NUMBER: AccessKind.REVEAL,
}

_EVERYBODY: Final = frozenset(Role)
_FEDERATION: Final = frozenset({Role.FEDERATION})
_OPERATORS: Final = frozenset({Role.FEDERATION, Role.MUNICIPALITY})
_ADMINISTRATOR: Final = frozenset({Role.ADMINISTRATOR})

_ROLES: Final[Mapping[Operation, frozenset[Role]]] = {
    Operation.OPEN_SESSION: _EVERYBODY,
    Operation.CLOSE_SESSION: _EVERYBODY,
    Operation.LOG_IN: _EVERYBODY,
    Operation.LOG_OUT: _EVERYBODY,
    Operation.INITIALISE: _ADMINISTRATOR,
    Operation.SHOW_INSURERS: _EVERYBODY,
    Operation.RECEIVE: _OPERATORS,
    Operation.RESOLVE: _FEDERATION,
    Operation.DELIVER: _OPERATORS,
    Operation.DECIDE_IDENTITY: _FEDERATION,
    Operation.CONFIRM_DECISION: _OPERATORS,
    Operation.LIST_FINDINGS: _OPERATORS,
    Operation.LIST_CANDIDATES: _OPERATORS,
    Operation.SHOW_HIGH_COST: _OPERATORS,
    Operation.SHOW_PERSON: _FEDERATION,
    Operation.REVEAL_NUMBER: _OPERATORS,
    Operation.LIST_APPROVALS: _FEDERATION | _ADMINISTRATOR,
    Operation.DECIDE_APPROVAL: _FEDERATION | _ADMINISTRATOR,
    Operation.LIST_RIGHTS: _ADMINISTRATOR,
    Operation.CHANGE_RIGHTS: _ADMINISTRATOR,
    Operation.CHANGE_FACTOR: _ADMINISTRATOR,
    Operation.READ_AUDIT: frozenset({Role.AUDITOR}),
    Operation.VERIFY_AUDIT: frozenset({Role.AUDITOR, Role.ADMINISTRATOR}),
    Operation.LIST_KEYS: _ADMINISTRATOR,
    Operation.ROTATE_KEYS: _ADMINISTRATOR,
    Operation.DESTROY_KEY: _ADMINISTRATOR,
    Operation.EXCHANGE_FILES: _FEDERATION,
    Operation.SEND_FILES: _OPERATORS,
    Operation.TAKE_FILES: _OPERATORS,
    Operation.MAKE_MEDIA_KEYS: _OPERATORS | _ADMINISTRATOR,
    Operation.SHOW_MEDIA: _FEDERATION,
    Operation.SHOW_STATUS: _OPERATORS | _ADMINISTRATOR,
    Operation.RELEASE_GATE: _FEDERATION,
    Operation.RECALL_FILE: _FEDERATION,
    Operation.LIST_RETENTION: _FEDERATION | _ADMINISTRATOR,
    Operation.RUN_RETENTION: _FEDERATION,
    Operation.SCRUB_TRACES: _FEDERATION | _ADMINISTRATOR,
    Operation.REGISTER: _FEDERATION,
    Operation.TAKE_RESULTS: _FEDERATION,
    Operation.LIST_DUE: _OPERATORS,
    Operation.RECONCILE: _FEDERATION,
    Operation.EXCHANGE_CARD_USE: _FEDERATION,
    Operation.DECIDE_DOCUMENTS: _OPERATORS,
    Operation.LIST_CARD_USE: _OPERATORS,
    Operation.TAKE_COVERS: _FEDERATION,
    Operation.LIST_COVERS: _FEDERATION,
    Operation.DECIDE_LOSS: _FEDERATION,
    Operation.EXCHANGE_SYMBOLS: _FEDERATION,
    Operation.TAKE_NOTICE: _OPERATORS,
    Operation.BUILD_FILES: _OPERATORS,
    Operation.APPLY_FILES: _OPERATORS,
    Operation.HAND_OVER: _OPERATORS,
    Operation.LIST_OFFICE: _OPERATORS,
    Operation.LOOK_UP_NUMBER: _OPERATORS,
}

"""What is stored, one file a concept.

What the sync keeps for itself is in `sync/`, numbers and refusals in `counts/`, the people who work here in `people/`;
players, visitors, integrations and what both disagree about lie beside this file. All are imported from here.
"""

from linking.models.alarm import (
    AlarmChannel,
    AlarmMessage,
    AlarmSettings,
    ConflictDigest,
    ConflictNotice,
    Incident,
    IncidentKind,
    NoticeFrequency,
)
from linking.models.blocked_user import BlockedUser
from linking.models.chat import CHAT_KIND_CHOICES, CHAT_RATING_CHOICES, VisitorChat
from linking.models.conflict import (
    CONFLICT_KIND_CHOICES,
    FLAG_REASON_MAX_CHARACTERS,
    Conflict,
    ConflictFlag,
    ConflictKind,
    ConflictState,
)
from linking.models.counts.daily_counts import LinkRateDay, PassTotal, RowCounts, WaitingHour
from linking.models.counts.refused_token import RefusedToken
from linking.models.counts.shared_count import SharedCount
from linking.models.counts.token_counts import AnswerCount, AnswerTotal, ClockOffset, TokenDay
from linking.models.decision import ConflictDecision, Decision, DecisionBatch
from linking.models.draft import DRAFT_LIFE, DraftPurpose, DraftSecret, IntegrationDraft, draft_secret_place
from linking.models.erasure import ErasedMark, ErasureKey, ErasureReceipt
from linking.models.fingerprint import FingerprintKey, take_fingerprint
from linking.models.integration import (
    ConfigVersion,
    Integration,
    LoginAlgorithm,
    Secret,
    SecretName,
    ZendeskProduct,
    keep_secret,
)
from linking.models.link import EndReason, VisitorLink
from linking.models.login_user import LoginUser, TokensIssued
from linking.models.note import (
    LABEL_MAX_CHARACTERS,
    LABELS_MAX,
    NOTE_MAX_CHARACTERS,
    Label,
    LabelColour,
    PlayerLabel,
    PlayerNote,
)
from linking.models.panel import PanelStart
from linking.models.people.audit import AppendOnly, AuditEvent, AuditUpkeep
from linking.models.people.person import (
    LIST_ROWS_DEFAULT,
    TIME_ZONE_DEFAULT,
    APIToken,
    Preference,
    Presence,
    SavedView,
    SignIn,
)
from linking.models.sql.any_of import AnyOf
from linking.models.sync.connection import ChatHost, ConnectAttempt, ConnectionFlaw, ConnectionState, ZendeskConnection
from linking.models.sync.lease import Heartbeat, Lease, RequestSlot
from linking.models.sync.question import VisitorQuestion
from linking.models.sync.support import AwaitedUser, ChangedUser, SupportToken, UserFeed
from linking.models.sync.sync_run import Quarantined, RunState, StopReason, SyncRun, SyncSteering
from linking.models.sync.webhook import WebhookDelivery
from linking.models.visitor import VISITOR_STATE_CHOICES, Visitor, VisitorAlias, VisitorRefresh, VisitorState
from linking.models.words import VisitorWords, WaitingWords

__all__ = [
    "CHAT_KIND_CHOICES", "CHAT_RATING_CHOICES", "CONFLICT_KIND_CHOICES", "DRAFT_LIFE", "FLAG_REASON_MAX_CHARACTERS",
    "LABELS_MAX", "LABEL_MAX_CHARACTERS", "LIST_ROWS_DEFAULT",
    "NOTE_MAX_CHARACTERS", "TIME_ZONE_DEFAULT", "VISITOR_STATE_CHOICES",
    "APIToken", "AlarmChannel", "AlarmMessage", "AlarmSettings", "AnswerCount", "AnswerTotal", "AnyOf",
    "AppendOnly", "AuditEvent", "AuditUpkeep", "AwaitedUser", "BlockedUser", "ChangedUser", "ChatHost", "ClockOffset",
    "ConfigVersion",
    "Conflict", "ConflictDecision", "ConflictDigest", "ConflictFlag", "ConflictKind", "ConflictNotice",
    "ConflictState", "ConnectAttempt", "ConnectionFlaw", "ConnectionState", "Decision", "DecisionBatch",
    "DraftPurpose", "DraftSecret", "EndReason", "ErasedMark", "ErasureKey", "ErasureReceipt", "FingerprintKey",
    "Heartbeat", "Incident", "IncidentKind", "Integration", "IntegrationDraft", "Label", "LabelColour", "Lease",
    "LinkRateDay", "LoginAlgorithm", "LoginUser",
    "NoticeFrequency", "PanelStart", "PassTotal", "PlayerLabel", "PlayerNote", "Preference", "Presence",
    "Quarantined", "RefusedToken", "RequestSlot", "RowCounts", "RunState", "SavedView", "Secret", "SecretName",
    "SharedCount", "SignIn", "StopReason", "SupportToken", "SyncRun", "SyncSteering", "TokenDay", "TokensIssued",
    "UserFeed", "Visitor", "VisitorAlias",
    "VisitorChat", "VisitorLink", "VisitorQuestion", "VisitorRefresh", "VisitorState", "VisitorWords", "WaitingHour",
    "WaitingWords", "WebhookDelivery", "ZendeskConnection", "ZendeskProduct", "draft_secret_place", "keep_secret",
    "take_fingerprint",
]  # fmt: skip

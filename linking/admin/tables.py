"""Tables that machines write: looked at here, never typed."""

from typing import Any

from django.contrib import admin
from django.db.models import Model

from linking.models import (
    AlarmMessage,
    AnswerCount,
    AuditEvent,
    ClockOffset,
    Conflict,
    ConflictDecision,
    ConflictFlag,
    ConflictNotice,
    DecisionBatch,
    Heartbeat,
    Incident,
    Lease,
    LoginUser,
    Quarantined,
    RequestSlot,
    SyncRun,
    SyncSteering,
    Visitor,
    VisitorAlias,
    VisitorLink,
    WebhookDelivery,
)


class ReadOnlyAdmin(admin.ModelAdmin):
    """No adding, no changing, no deleting, for superusers neither."""

    # Which group of the first page lists it.
    is_record = True
    actions = None
    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, *_args: Any, **_kwargs: Any) -> bool:
        """Return False."""
        return False

    def has_change_permission(self, *_args: Any, **_kwargs: Any) -> bool:
        """Return False."""
        return False

    def has_delete_permission(self, *_args: Any, **_kwargs: Any) -> bool:
        """Return False."""
        return False


def _register(model: type[Model], **options: Any) -> None:
    admin.site.register(model, type(f"{model.__name__}Admin", (ReadOnlyAdmin,), options))


_register(
    Visitor,
    list_display=("visitor_id", "name", "email", "state", "integration", "last_seen_at"),
    list_filter=("state", "integration"),
    list_select_related=("integration",),
    search_fields=("=visitor_id", "=external_id"),
    exclude=("search",),
)
_register(
    VisitorAlias,
    list_display=("alias_id", "visitor", "first_seen_at"),
    list_select_related=("visitor",),
    search_fields=("=alias_id",),
)
_register(
    LoginUser,
    list_display=(
        "user_id",
        "name",
        "email",
        "integration",
        "last_authenticated_at",
        "tokens_issued",
        "is_seen_in_chat",
    ),
    list_filter=("integration",),
    list_select_related=("integration",),
    search_fields=("=user_id",),
)
_register(
    VisitorLink,
    list_display=("visitor", "login_user", "first_seen_at", "last_confirmed_at", "ended_at", "end_reason"),
    list_filter=("end_reason",),
    list_select_related=("visitor", "login_user"),
    search_fields=("=visitor__visitor_id", "=login_user__user_id"),
)
_register(
    Conflict,
    list_display=("kind", "visitor", "subject", "state", "last_seen_at"),
    list_filter=("kind", "state"),
    list_select_related=("visitor",),
)
_register(
    SyncRun,
    list_display=("integration", "started_at", "state", "stop_reason", "calls", "chats", "lookups", "linked"),
    list_filter=("integration", "state"),
    list_select_related=("integration",),
)
_register(
    Quarantined,
    list_display=("source", "record_key", "reason", "integration", "last_seen_at"),
    list_filter=("source", "integration"),
    list_select_related=("integration",),
)
_register(
    AnswerCount,
    list_display=("hour_at", "integration", "code", "reason", "origin", "is_observed", "count"),
    list_filter=("integration", "code", "is_observed", "reason"),
    list_select_related=("integration",),
    date_hierarchy="hour_at",
)
_register(
    ClockOffset,
    list_display=("slot_at", "integration", "ahead_s", "count"),
    list_filter=("integration",),
    list_select_related=("integration",),
)
_register(WebhookDelivery, list_display=("received_at", "integration"), list_select_related=("integration",))
_register(AuditEvent, list_display=("at", "actor", "action", "target", "fields"), list_filter=("action",))
_register(Heartbeat, list_display=("name", "beat_at"))
_register(Lease, list_display=("name", "owner", "token", "expires_at"))
_register(RequestSlot, list_display=("account", "next_free_epoch_s", "paused_until_epoch_s"))
_register(
    ConflictDecision,
    list_display=("conflict", "verdict", "login_user", "by_name", "at", "is_in_force"),
    list_filter=("verdict", "is_in_force"),
    list_select_related=("conflict", "login_user"),
)
_register(
    DecisionBatch,
    list_display=("pk", "verdict", "by_name", "at"),
    list_filter=("verdict",),
)
_register(
    ConflictFlag,
    list_display=("conflict", "by_name", "at"),
    list_select_related=("conflict",),
)
_register(
    ConflictNotice,
    list_display=("made_at", "channel", "attempts", "next_try_at", "sent_at", "failure"),
    list_filter=("channel",),
)
_register(
    SyncSteering,
    list_display=("integration", "paused_at", "paused_by", "backfill_from", "backfill_by"),
    list_select_related=("integration",),
)
_register(
    Incident,
    list_display=("integration", "kind", "began_at", "over_at"),
    list_filter=("kind", "integration"),
    list_select_related=("integration",),
)
_register(
    AlarmMessage,
    list_display=("incident", "channel", "is_over", "attempts", "next_try_at", "sent_at", "failure"),
    list_filter=("channel",),
    list_select_related=("incident",),
)

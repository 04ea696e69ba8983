"""Tables that machines write: looked at here, never typed."""

from functools import cached_property
from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest

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

# Rows of a list that are counted and paged through; whoever looks for an older one searches.
LISTED_MOST = 10_000
# Keys of one record that a search for a link goes by.
KEYS_MOST = 1_000


class CappedPaginator(Paginator):
    """Pages through the first `LISTED_MOST` rows: counting millions, and skipping them, takes seconds."""

    @cached_property
    def count(self) -> int:
        """How many rows are paged through."""
        rows: QuerySet[Any] = self.object_list  # type: ignore[assignment]
        return int(rows.order_by().values("pk")[:LISTED_MOST].count())

    @property
    def is_capped(self) -> bool:
        """Whether there may be more rows."""
        return self.count == LISTED_MOST


class ReadOnlyAdmin(admin.ModelAdmin):
    """No adding, no changing, no deleting, for superusers neither."""

    paginator = CappedPaginator

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


class LargeTableAdmin(ReadOnlyAdmin):
    """A table of millions: in the order of its newest rows only, and searched by whole IDs, which an index finds."""

    sortable_by = ()


class VisitorLinkAdmin(LargeTableAdmin):
    """Links, found by the whole ID of their visitor or their player."""

    list_display = ("visitor", "login_user", "first_seen_at", "last_confirmed_at", "ended_at", "end_reason")
    list_select_related = ("visitor", "login_user")
    ordering = ("-pk",)
    search_fields = ("visitor__visitor_id__exact", "login_user__user_id__exact")

    def get_search_results(
        self, _request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Return the links with the ID in `search_term`, found by keys: a condition across tables reads all of them."""
        term = search_term.strip()
        if not term:
            return queryset, False
        visitors = Visitor.objects.filter(visitor_id=term).order_by().values_list("pk", flat=True)
        users = LoginUser.objects.filter(user_id=term).order_by().values_list("pk", flat=True)
        is_theirs = Q(visitor__in=list(visitors[:KEYS_MOST])) | Q(login_user__in=list(users[:KEYS_MOST]))
        return queryset.filter(is_theirs), False


def _register(model: type[Model], kind: type[ReadOnlyAdmin] = ReadOnlyAdmin, **options: Any) -> None:
    admin.site.register(model, type(f"{model.__name__}Admin", (kind,), options))


_register(
    Visitor,
    LargeTableAdmin,
    list_display=("visitor_id", "name", "email", "state", "integration", "last_seen_at"),
    list_filter=("state", "integration"),
    list_select_related=("integration",),
    search_fields=("visitor_id__exact",),
    exclude=("search",),
)
_register(
    VisitorAlias,
    LargeTableAdmin,
    list_display=("alias_id", "visitor", "first_seen_at"),
    list_select_related=("visitor",),
    search_fields=("alias_id__exact",),
)
_register(
    LoginUser,
    LargeTableAdmin,
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
    search_fields=("user_id__exact",),
)
admin.site.register(VisitorLink, VisitorLinkAdmin)
_register(
    Conflict,
    LargeTableAdmin,
    ordering=("-pk",),
    list_display=("kind", "visitor", "subject", "state", "last_seen_at"),
    list_filter=("kind", "state"),
    list_select_related=("visitor",),
)
_register(
    SyncRun,
    LargeTableAdmin,
    ordering=("-pk",),
    list_display=("integration", "started_at", "state", "stop_reason", "calls", "chats", "lookups", "linked"),
    list_filter=("integration", "state"),
    list_select_related=("integration",),
)
_register(
    Quarantined,
    LargeTableAdmin,
    ordering=("-pk",),
    list_display=("source", "record_key", "reason", "integration", "last_seen_at"),
    list_filter=("source", "integration"),
    list_select_related=("integration",),
)
_register(
    AnswerCount,
    LargeTableAdmin,
    ordering=("-hour_at", "-pk"),
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
# Without filter, which would look for all words of all rows: the page of the audit has one.
_register(AuditEvent, LargeTableAdmin, list_display=("at", "actor", "action", "target", "fields"))
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

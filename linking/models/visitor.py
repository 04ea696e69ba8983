"""A Zendesk Chat visitor as last read, and the other ids it answered to."""

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.db.models.functions import Concat, Lower
from django.utils.translation import gettext_lazy as _

from linking.core.states import VisitorState

VISITOR_STATE_CHOICES = (
    (VisitorState.PENDING.value, _("Waiting for lookup")),
    (VisitorState.LINKED.value, _("Linked")),
    (VisitorState.ANONYMOUS.value, _("Anonymous")),
    (VisitorState.GONE.value, _("Deleted in Zendesk")),
)


# Deleted in Zendesk, and something of the person is kept still; the condition of an index.
GONE_WITH_CONTACT = Q(gone_at__isnull=False) & (
    ~Q(name="") | ~Q(email="") | ~Q(phone="") | ~Q(notes="") | ~Q(external_id="")
)


class VisitorQuerySet(models.QuerySet["Visitor"]):
    """What is asked of many visitors at once."""

    def waiting(self) -> "VisitorQuerySet":
        """Visitors that are to be asked about, now or later."""
        return self.filter(lookup_due_at__isnull=False)

    def due(self, *, now: datetime) -> "VisitorQuerySet":
        """Visitors to be asked about now."""
        return self.filter(lookup_due_at__lte=now)

    def in_lookup_order(self) -> "VisitorQuerySet":
        """Lowest rank first, within a rank the newest chat first."""
        return self.order_by("lookup_rank", "-last_seen_at", "-id")


class Visitor(models.Model):
    """A visitor; `visitor_id` is canonical, in the dot form, as Zendesk returned it.

    `first_seen_at` and `last_seen_at` are the update times of the oldest and newest chat that named this visitor.
    A visitor with `lookup_due_at` waits for its `GET visitors/{id}`; `lookup_rank` orders the waiting (lower first).
    """

    integration = models.ForeignKey(
        "linking.Integration", on_delete=models.CASCADE, related_name="visitors", db_index=False
    )
    visitor_id = models.CharField(max_length=255)
    state = models.CharField(max_length=10, choices=VISITOR_STATE_CHOICES, default=VisitorState.PENDING)
    name = models.CharField(max_length=255, blank=True)
    email = models.CharField(max_length=254, blank=True)
    phone = models.CharField(max_length=100, blank=True)
    notes = models.TextField(blank=True)
    is_banned = models.BooleanField(default=False)
    created_at = models.DateTimeField(null=True)
    external_id = models.CharField(max_length=300, blank=True)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    last_chat_id = models.CharField(max_length=255, blank=True)
    checked_at = models.DateTimeField(null=True)
    # What `last_seen_at` was when the visitor was last asked about: only newer activity is worth another question.
    checked_activity_at = models.DateTimeField(null=True)
    gone_at = models.DateTimeField(null=True)
    lookup_due_at = models.DateTimeField(null=True)
    lookup_rank = models.PositiveSmallIntegerField(default=2)
    lookup_attempts = models.PositiveSmallIntegerField(default=0)
    stored_at = models.DateTimeField(auto_now=True)
    search = models.GeneratedField(
        expression=Lower(
            Concat(
                "name", models.Value("\n"), "email", models.Value("\n"), "phone", models.Value("\n"),
                "visitor_id", models.Value("\n"), "external_id",
            )
        ),
        output_field=models.TextField(),
        db_persist=True,
    )  # fmt: skip

    objects = VisitorQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("visitor"), _("visitors")
        ordering = ["-last_seen_at", "-id"]
        constraints = [
            models.UniqueConstraint(name="one_visitor_an_id", fields=["integration", "visitor_id"]),
            models.CheckConstraint(name="visitor_has_an_id", condition=~Q(visitor_id="")),
            models.CheckConstraint(
                name="visitor_gone_has_a_time",
                condition=Q(state="gone", gone_at__isnull=False) | (~Q(state="gone") & Q(gone_at__isnull=True)),
            ),
            models.CheckConstraint(
                name="visitor_known_was_checked",
                condition=Q(checked_at__isnull=False) | Q(state="pending"),
            ),
            models.CheckConstraint(
                name="visitor_seen_in_order", condition=Q(first_seen_at__lte=models.F("last_seen_at"))
            ),
        ]
        indexes = [
            models.Index(fields=["-last_seen_at", "-id"], name="visitor_newest"),
            models.Index(fields=["integration", "-last_seen_at", "-id"], name="visitor_newest_of_one"),
            models.Index(fields=["state", "-last_seen_at", "-id"], name="visitor_by_state"),
            # A rare state of one integration among several, which is as rare in the two indexes above.
            models.Index(fields=["integration", "state", "-last_seen_at", "-id"], name="visitor_by_state_of_one"),
            models.Index(fields=["first_seen_at", "id"], name="visitor_oldest"),
            models.Index(fields=["name", "id"], name="visitor_by_name"),
            models.Index(fields=["last_chat_id"], name="visitor_by_chat", condition=~Q(last_chat_id="")),
            models.Index(fields=["visitor_id"], name="visitor_by_id"),
            models.Index(fields=["-last_seen_at", "-id"], name="visitor_banned", condition=Q(is_banned=True)),
            # The last column is not for order: it answers "due now?" without a look at the table.
            models.Index(
                fields=["integration", "lookup_rank", "-last_seen_at", "-id", "lookup_due_at"],
                name="visitor_queue",
                condition=Q(lookup_due_at__isnull=False),
            ),
            models.Index(
                "integration",
                Lower("email"),
                "lookup_rank",
                name="visitor_waiting_email",
                condition=Q(lookup_due_at__isnull=False),
            ),
            models.Index(
                "integration",
                Lower("name"),
                "lookup_rank",
                name="visitor_waiting_name",
                condition=Q(lookup_due_at__isnull=False),
            ),
            models.Index(
                fields=["integration", "id"],
                name="visitor_failed",
                condition=Q(lookup_due_at__isnull=False, lookup_attempts__gt=0),
            ),
            models.Index(fields=["gone_at"], name="visitor_gone_with_contact", condition=GONE_WITH_CONTACT),
            models.Index(
                fields=["integration", "checked_at", "id"],
                name="visitor_oldest_answer",
                condition=Q(lookup_due_at__isnull=True, checked_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.visitor_id


class VisitorAlias(models.Model):
    """Another id by which a visitor was asked for and answered (Zendesk joins visitors on authentication)."""

    integration = models.ForeignKey(
        "linking.Integration", on_delete=models.CASCADE, related_name="aliases", db_index=False
    )
    alias_id = models.CharField(max_length=255)
    visitor = models.ForeignKey(Visitor, on_delete=models.CASCADE, related_name="aliases")
    first_seen_at = models.DateTimeField()

    class Meta:
        verbose_name, verbose_name_plural = _("visitor alias"), _("visitor aliases")
        constraints = [
            models.UniqueConstraint(name="one_alias_an_id", fields=["integration", "alias_id"]),
            models.CheckConstraint(name="alias_has_an_id", condition=~Q(alias_id="")),
        ]
        indexes = [models.Index(fields=["alias_id"], name="alias_by_id")]

    def __str__(self) -> str:
        return self.alias_id


class VisitorRefresh(models.Model):
    """What the last refresh of one visitor brought, which somebody asked for; names of fields, never their values.

    `changed` names fields of `Visitor`, empty where nothing was different. `queued_because` says why it could not be
    read at that moment and was put first in the queue instead. `pending_since` is set while one is asked for and not
    done, so that a second one need not be queued; where there was none before, `at` is no later than that.
    """

    visitor = models.OneToOneField(Visitor, on_delete=models.CASCADE, related_name="last_refresh")
    at = models.DateTimeField()
    changed = models.JSONField(default=list)
    queued_because = models.CharField(max_length=300, blank=True)
    pending_since = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.visitor_id} {self.at:%Y-%m-%d %H:%M:%S}"

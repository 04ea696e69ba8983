"""Which visitor is which Login user, now and before."""

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from linking.core.trust import Trust, judge_trust
from linking.models.conflict import Conflict


class EndReason(models.TextChoices):
    """Why a link ended."""

    RELINKED = "relinked", _("The visitor signed in as another player")
    CLEARED = "cleared", _("The visitor no longer has a user ID")
    MERGED = "merged", _("Zendesk merged the visitor into another one")
    GONE = "gone", _("The visitor was deleted in Zendesk")
    UNLINKED = "unlinked", _("Support decided that they are not the same person")


class VisitorLinkQuerySet(models.QuerySet["VisitorLink"]):
    """What is asked of many links at once."""

    def open(self) -> "VisitorLinkQuerySet":
        """Links in force."""
        return self.filter(ended_at__isnull=True)

    def with_disputes(self) -> "VisitorLinkQuerySet":
        """Links that know, as `is_disputed`, whether a conflict about their visitor is open.

        The question is put for each link that is returned. So narrow the links first, and never sort by it.
        """
        return self.annotate(is_disputed=_has_open_conflict())

    def disputed(self) -> "VisitorLinkQuerySet":
        """Links about whose visitor a conflict is open."""
        return self.filter(_has_open_conflict())


def _has_open_conflict() -> Exists:
    return Exists(Conflict.objects.open().filter(visitor_id=OuterRef("visitor_id")).order_by())


class VisitorLink(models.Model):
    """A visitor is a Login user, on evidence: the `external_id` that one `GET visitors/{id}` returned.

    Open while `ended_at` is empty; at most one is open for a visitor. Ended ones are the history.

    `first_seen_at` and `last_confirmed_at` are when the questions left whose answers made and last confirmed it.
    """

    visitor = models.ForeignKey("linking.Visitor", on_delete=models.CASCADE, related_name="links")
    login_user = models.ForeignKey("linking.LoginUser", on_delete=models.CASCADE, related_name="links", db_index=False)
    evidence_run = models.ForeignKey(
        "linking.SyncRun", on_delete=models.SET_NULL, null=True, blank=True, related_name="links"
    )
    # The id that was asked for and the id that answered differ where Zendesk joined visitors.
    evidence_asked_id = models.CharField(max_length=255)
    first_seen_at = models.DateTimeField()
    last_confirmed_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=20, choices=EndReason.choices, blank=True)

    objects = VisitorLinkQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("link"), _("links")
        ordering = ["-first_seen_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                name="one_open_link_a_visitor", fields=["visitor"], condition=Q(ended_at__isnull=True)
            ),
            models.CheckConstraint(
                name="link_end_has_a_reason",
                condition=Q(ended_at__isnull=True, end_reason="") | (Q(ended_at__isnull=False) & ~Q(end_reason="")),
            ),
            models.CheckConstraint(
                name="link_times_in_order",
                condition=Q(first_seen_at__lte=models.F("last_confirmed_at"))
                & (Q(ended_at__isnull=True) | Q(ended_at__gte=models.F("first_seen_at"))),
            ),
        ]
        indexes = [
            models.Index(fields=["login_user", "-last_confirmed_at"], name="link_by_user"),
            models.Index(fields=["ended_at", "id"], name="link_by_end", condition=Q(ended_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.visitor_id}→{self.login_user_id}"

    @property
    def trust(self) -> Trust:
        """How far one may trust it; of a link from `with_disputes`, its user at hand."""
        return judge_trust(
            is_linked=self.ended_at is None,
            is_disputed=self.is_disputed,  # type: ignore[attr-defined]
            first_token_at=self.login_user.first_authenticated_at,
            confirmed_at=self.last_confirmed_at,
        )

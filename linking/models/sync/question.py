"""Visitor IDs that nobody here knows and Zendesk is, or was just, asked about."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class VisitorQuestion(models.Model):
    """One question about an ID that is not a visitor's here yet; it goes when the visitor is found, or in a day.

    `claimed_until` is set while somebody asks: whoever else wants to know waits for the answer. `due_at` is set while
    the question waits to be put (again), for `reason`, a `StopReason`. `is_answered` with neither: Zendesk has no such
    visitor, or a person has to act first (`reason`).
    """

    integration = models.ForeignKey("linking.Integration", on_delete=models.CASCADE, related_name="questions")
    visitor_id = models.CharField(max_length=255)
    asked_at = models.DateTimeField(db_default=Now())
    claimed_until = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=20, blank=True, db_default="")
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    is_answered = models.BooleanField(default=False, db_default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_question_an_id", fields=["integration", "visitor_id"]),
            models.CheckConstraint(name="question_names_a_visitor", condition=~Q(visitor_id="")),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="question_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["asked_at"], name="question_by_age"),
        ]

    def __str__(self) -> str:
        return self.visitor_id

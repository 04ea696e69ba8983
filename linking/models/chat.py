"""The chats of visitors, a line each: when, how long, how rated. Never what was said."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from linking.core.states import ChatKind, ChatRating

CHAT_KIND_CHOICES = (
    (ChatKind.CHAT.value, _("Chat")),
    (ChatKind.MISSED.value, _("Missed chat")),
    (ChatKind.OFFLINE.value, _("Offline message")),
)
CHAT_RATING_CHOICES = (
    (ChatRating.GOOD.value, _("Rated good")),
    (ChatRating.BAD.value, _("Rated bad")),
)


class VisitorChat(models.Model):
    """One chat, missed chat or offline message of a visitor, as the export last told it.

    `length_s` is empty where Zendesk does not say; `ticket_id` is the Support ticket made from it; `tags` are texts. A
    chat moves with its visitor when Zendesk joins two, and goes when either is deleted.
    """

    integration = models.ForeignKey(
        "linking.Integration", on_delete=models.CASCADE, related_name="chats", db_index=False
    )
    visitor = models.ForeignKey("linking.Visitor", on_delete=models.CASCADE, related_name="chats", db_index=False)
    chat_id = models.CharField(max_length=255)
    kind = models.CharField(max_length=10, choices=CHAT_KIND_CHOICES)
    started_at = models.DateTimeField()
    length_s = models.PositiveIntegerField(null=True)
    rating = models.CharField(max_length=10, choices=CHAT_RATING_CHOICES, blank=True)
    department = models.CharField(max_length=100, blank=True)
    tags = models.JSONField(default=list)
    ticket_id = models.BigIntegerField(null=True)

    class Meta:
        verbose_name, verbose_name_plural = _("chat"), _("chats")
        ordering = ["-started_at", "-id"]
        constraints = [
            models.UniqueConstraint(name="one_chat_an_id", fields=["integration", "chat_id"]),
            models.CheckConstraint(name="chat_has_an_id", condition=~Q(chat_id="")),
        ]
        # Read backwards it gives a visitor's newest; the key of a row breaks ties of one second on either database.
        indexes = [models.Index(fields=["visitor", "started_at"], name="chat_by_visitor")]

    def __str__(self) -> str:
        return self.chat_id

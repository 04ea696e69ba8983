"""Who did what to which setting."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

logger = logging.getLogger("linking.audit")


class AuditUpkeep(models.Model):
    """A row is here only inside the one transaction that may change the audit: an erasure, or the daily chore.

    The database's triggers look for it. Nobody else ever sees it, because it is gone before the transaction ends.
    """

    def __str__(self) -> str:
        return "upkeep"

    @classmethod
    def enter(cls) -> None:
        """Let the caller's transaction change the audit."""
        cls.objects.create()

    @classmethod
    def leave(cls) -> None:
        """Close it again."""
        cls.objects.all().delete()


class AppendOnly(Exception):
    """The audit is only ever added to."""


class AppendOnlyQuerySet(models.QuerySet[Any]):
    """Rows that are added and read, never changed or deleted by these."""

    def update(self, **_kwargs: Any) -> int:
        """Refuse. Raises: AppendOnly."""
        raise AppendOnly

    def delete(self) -> tuple[int, dict[str, int]]:
        """Refuse. Raises: AppendOnly."""
        raise AppendOnly


class AuditQuerySet(AppendOnlyQuerySet):
    """Deeds, each of which is also a line of the log once it is stored."""

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
        """Add deeds."""
        events = super().bulk_create(objs, *args, **kwargs)
        for event in events:
            event.log_when_stored()
        return events


class AuditEvent(models.Model):
    """One deed. `fields` names what was touched, never what it held.

    Deeds are only ever added: changing and deleting is refused here and by triggers of the database
    (`models/sql/audit_guard.py`), but inside `keep_up`.
    """

    at = models.DateTimeField()
    actor = models.CharField(max_length=150)
    actor_user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    action = models.CharField(max_length=50)
    target = models.CharField(max_length=200)
    fields = models.JSONField(default=list)

    objects = AuditQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("audit event"), _("audit events")
        ordering = ["-at", "-id"]
        constraints = [models.CheckConstraint(name="audit_names_a_deed", condition=~Q(action="") & ~Q(actor=""))]
        indexes = [
            models.Index(fields=["-at", "-id"], name="audit_newest"),
            models.Index(fields=["actor", "-at"], name="audit_by_actor"),
            models.Index(fields=["target", "-at"], name="audit_by_target"),
            models.Index(fields=["action", "at", "id"], name="audit_by_action"),
        ]

    def __str__(self) -> str:
        return f"{self.actor} {self.action} {self.target}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Add the deed. Raises: AppendOnly for one that is stored already."""
        if not self._state.adding:
            raise AppendOnly
        super().save(*args, **kwargs)
        self.log_when_stored()

    def delete(self, *_args: Any, **_kwargs: Any) -> tuple[int, dict[str, int]]:
        """Refuse. Raises: AppendOnly."""
        raise AppendOnly

    def log_when_stored(self) -> None:
        """Write the deed to the log when the transaction is committed. No target: it may name a player."""
        transaction.on_commit(self._log, robust=True)

    def _log(self) -> None:
        logger.info("audit %s by %s (row %s)", self.action, self.actor, self.pk)


@contextmanager
def keep_up() -> Iterator[QuerySet[AuditEvent]]:
    """Yield the deeds as rows that may be changed and deleted, inside the caller's transaction."""
    AuditUpkeep.enter()
    yield QuerySet(AuditEvent)
    AuditUpkeep.leave()

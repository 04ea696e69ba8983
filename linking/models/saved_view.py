"""A filter of the visitors list that somebody keeps under a name."""

from django.conf import settings
from django.db import models
from django.db.models import Q


class SavedView(models.Model):
    """A private view: `query` is the list's query string (`?state=anonymous&seen=7`), written by the list itself."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_views")
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=1000)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(name="one_saved_view_a_name", fields=["owner", "name"]),
            models.CheckConstraint(name="saved_view_has_a_name", condition=~Q(name="")),
        ]

    def __str__(self) -> str:
        return self.name

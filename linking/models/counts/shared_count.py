"""What the processes count together, so that each of them gives the same metrics."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class SharedCount(models.Model):
    """One count of all processes, by `name` and by `labels` (the label values, joined by commas).

    Most only rise. A reading (`linking.monitoring.clocks`) is replaced instead, and `at` tells when it was taken.
    """

    name = models.CharField(max_length=60)
    labels = models.CharField(max_length=200, blank=True)
    count = models.BigIntegerField(default=0)
    at = models.DateTimeField()

    class Meta:
        verbose_name, verbose_name_plural = _("shared count"), _("shared counts")
        constraints = [models.UniqueConstraint(name="one_shared_count", fields=["name", "labels"])]

    def __str__(self) -> str:
        return f"{self.name} {self.labels} {self.count}"

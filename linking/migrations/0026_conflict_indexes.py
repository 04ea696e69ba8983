"""Indexes for the orders and filters of the conflicts list; on large tables made while serving."""

from django.db import migrations, models
from django.db.models import Q

from linking.migrations._online import AddIndexOnline


class Migration(migrations.Migration):
    # An index that is made beside readers and writers cannot be made in a transaction.
    atomic = False
    dependencies = [("linking", "0025_conflict_queue")]
    operations = [
        AddIndexOnline(
            model_name="conflict",
            index=models.Index(fields=["state", "-first_seen_at", "-id"], name="conflict_newest"),
        ),
        AddIndexOnline(
            model_name="conflict",
            index=models.Index(fields=["state", "kind", "-first_seen_at", "-id"], name="conflict_newest_of_kind"),
        ),
        AddIndexOnline(
            model_name="conflict",
            index=models.Index(fields=["state", "integration", "-first_seen_at", "-id"], name="conflict_newest_of_one"),
        ),
        AddIndexOnline(
            model_name="conflict",
            index=models.Index(
                condition=Q(("owner__isnull", False)),
                fields=["owner", "state", "-first_seen_at", "-id"],
                name="conflict_by_owner",
            ),
        ),
        AddIndexOnline(
            model_name="conflict",
            index=models.Index(
                condition=Q(("flagged_at__isnull", False)),
                fields=["state", "-first_seen_at", "-id"],
                name="conflict_flagged",
            ),
        ),
        AddIndexOnline(
            model_name="conflictdecision",
            index=models.Index(
                condition=Q(("batch__isnull", False)), fields=["batch", "-id"], name="decision_by_batch"
            ),
        ),
    ]

"""Indexes for what a pass asks of visitors who wait and of answers that are old; on large tables made while serving."""

from django.db import migrations, models
from django.db.models import F, Q
from django.db.models.functions import Lower

from linking.migrations._online import AddIndexOnline, RemoveIndexOnline

WAITS = Q(lookup_due_at__isnull=False)


class Migration(migrations.Migration):
    # An index that is made beside readers and writers cannot be made in a transaction.
    atomic = False
    dependencies = [("linking", "0007_one_question_a_device")]
    operations = [
        migrations.AddField(
            model_name="integration",
            name="promoted_until",
            field=models.DateTimeField(editable=False, null=True),
        ),
        AddIndexOnline(
            model_name="loginuser",
            index=models.Index(
                fields=["integration", "last_authenticated_at", "id"],
                name="login_user_by_last",
                condition=Q(last_authenticated_at__isnull=False),
            ),
        ),
        AddIndexOnline(
            model_name="visitor",
            index=models.Index(
                fields=["integration", "lookup_rank", "-last_seen_at", "-id", "lookup_due_at"],
                name="visitor_queue",
                condition=WAITS,
            ),
        ),
        AddIndexOnline(
            model_name="visitor",
            index=models.Index(
                F("integration"), Lower("email"), F("lookup_rank"), name="visitor_waiting_email", condition=WAITS
            ),
        ),
        AddIndexOnline(
            model_name="visitor",
            index=models.Index(
                F("integration"), Lower("name"), F("lookup_rank"), name="visitor_waiting_name", condition=WAITS
            ),
        ),
        AddIndexOnline(
            model_name="visitor",
            index=models.Index(
                fields=["integration", "id"],
                name="visitor_failed",
                condition=Q(lookup_due_at__isnull=False, lookup_attempts__gt=0),
            ),
        ),
        AddIndexOnline(
            model_name="visitor",
            index=models.Index(
                fields=["integration", "checked_at", "id"],
                name="visitor_oldest_answer",
                condition=Q(lookup_due_at__isnull=True, checked_at__isnull=False),
            ),
        ),
        RemoveIndexOnline(model_name="visitor", name="visitor_waiting"),
    ]

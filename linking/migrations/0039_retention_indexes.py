"""Indexes by which the daily chore finds what has been kept for long enough."""

from django.conf import settings
from django.db import migrations, models

from linking.migrations._online import AddIndexOnline


class Migration(migrations.Migration):
    # An index that is made beside readers and writers cannot be made in a transaction.
    atomic = False

    dependencies = [
        ("linking", "0038_rare_states"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        AddIndexOnline(
            model_name="auditevent",
            index=models.Index(fields=["action", "at", "id"], name="audit_by_action"),
        ),
        AddIndexOnline(
            model_name="playernote",
            index=models.Index(fields=["written_at", "id"], name="note_by_age"),
        ),
        AddIndexOnline(
            model_name="quarantined",
            index=models.Index(fields=["last_seen_at"], name="quarantined_by_age"),
        ),
        AddIndexOnline(
            model_name="visitor",
            index=models.Index(
                condition=models.Q(
                    ("gone_at__isnull", False),
                    models.Q(
                        models.Q(("name", ""), _negated=True),
                        models.Q(("email", ""), _negated=True),
                        models.Q(("phone", ""), _negated=True),
                        models.Q(("notes", ""), _negated=True),
                        models.Q(("external_id", ""), _negated=True),
                        _connector="OR",
                    ),
                ),
                fields=["gone_at"],
                name="visitor_gone_with_contact",
            ),
        ),
        AddIndexOnline(
            model_name="visitorlink",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", False)), fields=["ended_at", "id"], name="link_by_end"
            ),
        ),
    ]

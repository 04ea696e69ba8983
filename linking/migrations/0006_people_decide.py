"""What people decide about conflicts, ask of the sync, want to be told and keep as views."""

import django.core.validators
import django.db.models.deletion
import linking.fields
from django.conf import settings
from django.db import migrations, models


def name_refreshes(apps, _schema_editor):
    """Until now a run that read one visitor again was marked as if it were a pass started from a page."""
    apps.get_model("linking", "SyncRun").objects.filter(trigger="page").update(trigger="refresh")


class Migration(migrations.Migration):
    dependencies = [
        ("linking", "0005_sync_heals"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="syncrun",
            name="stop_reason",
            field=models.CharField(
                blank=True,
                choices=[
                    ("credentials", "Zendesk refused the access token"),
                    ("host", "Zendesk's address could not be used"),
                    ("budget", "The request budget asks for a pause; the rest is queued"),
                    ("vendor_pause", "Zendesk asked for a pause; the rest is queued"),
                    ("vendor_fault", "Zendesk did not answer properly; it will be tried again"),
                    ("another_pass", "Another pass of this integration is running"),
                    ("lease_lost", "Another worker took over"),
                    ("deadline", "Time for one task was up; the rest is queued"),
                    ("killed", "The worker ended in the middle; the next pass went on from there"),
                    ("crashed", "An unexpected error; see the log"),
                    ("setup", "The set-up is incomplete"),
                    ("by_hand", "Somebody stopped it"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="visitorlink",
            name="end_reason",
            field=models.CharField(
                blank=True,
                choices=[
                    ("relinked", "The visitor signed in as another user"),
                    ("cleared", "The visitor no longer carries a user ID"),
                    ("merged", "Zendesk joined the visitor into another one"),
                    ("gone", "Zendesk no longer knows the visitor"),
                    ("unlinked", "A person decided that they are not the same"),
                ],
                max_length=20,
            ),
        ),
        migrations.CreateModel(
            name="AlarmSettings",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "after_minutes",
                    models.PositiveIntegerField(
                        default=15,
                        help_text="Minutes without a complete pass; one is due every minute.",
                        validators=[
                            django.core.validators.MinValueValidator(5),
                            django.core.validators.MaxValueValidator(10080),
                        ],
                    ),
                ),
                (
                    "mail_to",
                    models.EmailField(
                        blank=True, help_text="Sent through the mail server of this machine.", max_length=254
                    ),
                ),
                ("mail_from", models.EmailField(blank=True, max_length=254)),
                ("webhook_sealed", linking.fields.SealedTextField(blank=True, editable=False)),
                ("webhook_host", models.CharField(blank=True, editable=False, max_length=255)),
            ],
            options={
                "verbose_name": "alarm settings",
                "verbose_name_plural": "alarm settings",
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("pk", 1)), name="alarm_settings_are_one_row")
                ],
            },
        ),
        migrations.CreateModel(
            name="Incident",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("stale", "No complete pass for too long"),
                            ("credentials", "Zendesk refused the access token"),
                            ("host", "Zendesk's address could not be used"),
                        ],
                        max_length=20,
                    ),
                ),
                ("began_at", models.DateTimeField()),
                ("over_at", models.DateTimeField(null=True)),
                (
                    "integration",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="incidents", to="linking.integration"
                    ),
                ),
            ],
            options={
                "ordering": ["-pk"],
            },
        ),
        migrations.CreateModel(
            name="AlarmMessage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("channel", models.CharField(choices=[("mail", "Mail"), ("webhook", "Webhook")], max_length=10)),
                ("is_over", models.BooleanField(default=False)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("next_try_at", models.DateTimeField(null=True)),
                ("sent_at", models.DateTimeField(null=True)),
                ("failure", models.CharField(blank=True, max_length=200)),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="messages", to="linking.incident"
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="SavedView",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=60)),
                ("query", models.CharField(max_length=1000)),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="saved_views",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["name", "pk"],
            },
        ),
        migrations.CreateModel(
            name="SyncSteering",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("paused_at", models.DateTimeField(null=True)),
                ("paused_by", models.CharField(blank=True, max_length=150)),
                ("stop_by", models.CharField(blank=True, max_length=150)),
                ("backfill_from", models.DateTimeField(null=True)),
                ("backfill_by", models.CharField(blank=True, max_length=150)),
                (
                    "integration",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="steering", to="linking.integration"
                    ),
                ),
                (
                    "stop_run",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="linking.syncrun"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ConflictDecision",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "verdict",
                    models.CharField(
                        choices=[
                            ("keep", "Keep the link"),
                            ("shared_device", "It is a shared device"),
                            ("unlink", "Not the same person"),
                            ("ignore", "Ignore"),
                            ("undo", "Undone"),
                        ],
                        max_length=20,
                    ),
                ),
                ("is_in_force", models.BooleanField(default=False)),
                ("by_name", models.CharField(max_length=150)),
                ("at", models.DateTimeField()),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "conflict",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="decisions", to="linking.conflict"
                    ),
                ),
                (
                    "ended_link",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="linking.visitorlink",
                    ),
                ),
                (
                    "login_user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="linking.loginuser",
                    ),
                ),
            ],
            options={
                "ordering": ["-pk"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("is_in_force", True), ("verdict", "unlink")),
                        fields=["conflict"],
                        name="decision_keeps_apart",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("is_in_force", True)), fields=("conflict",), name="one_decision_in_force"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("verdict", "undo"), _negated=True), ("is_in_force", False), _connector="OR"
                        ),
                        name="decision_undone_is_not_in_force",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("verdict", "unlink"), _negated=True),
                            ("login_user__isnull", False),
                            _connector="OR",
                        ),
                        name="decision_unlinks_somebody",
                    ),
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="incident",
            constraint=models.UniqueConstraint(
                condition=models.Q(("over_at__isnull", True)),
                fields=("integration", "kind"),
                name="one_open_incident_a_kind",
            ),
        ),
        migrations.AddIndex(
            model_name="alarmmessage",
            index=models.Index(
                condition=models.Q(("next_try_at__isnull", False)), fields=["next_try_at"], name="alarm_message_due"
            ),
        ),
        migrations.AddConstraint(
            model_name="alarmmessage",
            constraint=models.UniqueConstraint(
                fields=("incident", "channel", "is_over"), name="one_alarm_message_a_channel"
            ),
        ),
        migrations.AddConstraint(
            model_name="alarmmessage",
            constraint=models.CheckConstraint(
                condition=models.Q(("sent_at__isnull", True), ("next_try_at__isnull", True), _connector="OR"),
                name="alarm_message_sent_is_settled",
            ),
        ),
        migrations.AddConstraint(
            model_name="savedview",
            constraint=models.UniqueConstraint(fields=("owner", "name"), name="one_saved_view_a_name"),
        ),
        migrations.AddConstraint(
            model_name="savedview",
            constraint=models.CheckConstraint(
                condition=models.Q(("name", ""), _negated=True), name="saved_view_has_a_name"
            ),
        ),
        migrations.AddConstraint(
            model_name="syncsteering",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("paused_at__isnull", True), ("paused_by", "")),
                    models.Q(("paused_at__isnull", False), models.Q(("paused_by", ""), _negated=True)),
                    _connector="OR",
                ),
                name="steering_pause_names_somebody",
            ),
        ),
        migrations.RunPython(name_refreshes, migrations.RunPython.noop),
    ]

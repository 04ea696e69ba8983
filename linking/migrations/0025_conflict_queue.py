"""Owners and flags of conflicts, bulk decisions, and notices of new conflicts."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("linking", "0024_drafts"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ConflictDigest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("upto_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="ConflictFlag",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("by_name", models.CharField(max_length=150)),
                ("reason", models.CharField(max_length=200)),
                ("at", models.DateTimeField()),
            ],
            options={
                "verbose_name": "conflict flag",
                "verbose_name_plural": "conflict flags",
                "ordering": ["-pk"],
            },
        ),
        migrations.CreateModel(
            name="ConflictNotice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("channel", models.CharField(choices=[("mail", "Mail"), ("webhook", "Webhook")], max_length=10)),
                ("counts", models.JSONField()),
                ("made_at", models.DateTimeField()),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("next_try_at", models.DateTimeField(null=True)),
                ("sent_at", models.DateTimeField(null=True)),
                ("failure", models.CharField(blank=True, max_length=200)),
            ],
            options={
                "verbose_name": "conflict notice",
                "verbose_name_plural": "conflict notices",
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="DecisionBatch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "verdict",
                    models.CharField(
                        choices=[
                            ("keep", "Keep link"),
                            ("shared_device", "Shared device"),
                            ("unlink", "Unlink"),
                            ("ignore", "Ignore"),
                            ("undo", "Undone"),
                        ],
                        max_length=20,
                    ),
                ),
                ("by_name", models.CharField(max_length=150)),
                ("at", models.DateTimeField()),
            ],
            options={
                "verbose_name": "bulk decision",
                "verbose_name_plural": "bulk decisions",
                "ordering": ["-pk"],
            },
        ),
        migrations.AddField(
            model_name="alarmsettings",
            name="conflicts_by_webhook",
            field=models.BooleanField(db_default=False, default=False, verbose_name="send notices to the webhook"),
        ),
        migrations.AddField(
            model_name="alarmsettings",
            name="conflicts_every",
            field=models.CharField(
                choices=[("never", "Never"), ("hour", "At most once an hour"), ("day", "At most once a day")],
                db_default="never",
                default="never",
                max_length=10,
                verbose_name="notices of new conflicts",
            ),
        ),
        migrations.AddField(
            model_name="alarmsettings",
            name="conflicts_mail_to",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=500, verbose_name="send notices by mail to"
            ),
        ),
        migrations.AddField(
            model_name="alarmsettings",
            name="dashboard_url",
            field=models.CharField(blank=True, db_default="", default="", editable=False, max_length=300),
        ),
        migrations.AddField(
            model_name="conflict",
            name="flagged_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="conflict",
            name="owner",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="conflictdigest",
            constraint=models.CheckConstraint(condition=models.Q(("pk", 1)), name="conflict_digest_is_one_row"),
        ),
        migrations.AddField(
            model_name="conflictflag",
            name="by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="conflictflag",
            name="conflict",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="flags", to="linking.conflict"
            ),
        ),
        migrations.AddIndex(
            model_name="conflictnotice",
            index=models.Index(
                condition=models.Q(("next_try_at__isnull", False)), fields=["next_try_at"], name="conflict_notice_due"
            ),
        ),
        migrations.AddConstraint(
            model_name="conflictnotice",
            constraint=models.CheckConstraint(
                condition=models.Q(("sent_at__isnull", True), ("next_try_at__isnull", True), _connector="OR"),
                name="conflict_notice_sent_is_settled",
            ),
        ),
        migrations.AddField(
            model_name="decisionbatch",
            name="by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="conflictdecision",
            name="batch",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="decisions",
                to="linking.decisionbatch",
            ),
        ),
        migrations.AddConstraint(
            model_name="conflictflag",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True), name="flag_has_a_reason"
            ),
        ),
    ]

"""The webhook, what a refresh brought, the status of a refusal, and user IDs found in any case."""

import django.db.models.deletion
import django.db.models.functions.text
from django.db import migrations, models


REFUSALS = ("credentials", "host")
STATUSES = (401, 403)


def read_statuses(apps, _schema_editor):
    """Passes of before wrote the status of a refusal into their sentence only."""
    runs = apps.get_model("linking", "SyncRun").objects.filter(state="stopped", stop_reason__in=REFUSALS)
    for status in STATUSES:
        runs.filter(stop_detail__contains=f"({status})").update(stop_status=status)


class Migration(migrations.Migration):
    dependencies = [
        ("linking", "0003_zendesk_connection"),
    ]

    operations = [
        migrations.CreateModel(
            name="VisitorRefresh",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("changed", models.JSONField(default=list)),
                ("queued_because", models.CharField(blank=True, max_length=300)),
            ],
        ),
        migrations.CreateModel(
            name="WebhookDelivery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("signature", models.CharField(max_length=44)),
                ("received_at", models.DateTimeField()),
            ],
            options={
                "verbose_name_plural": "webhook deliveries",
            },
        ),
        migrations.AddField(
            model_name="integration",
            name="poked_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="syncrun",
            name="stop_status",
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AlterField(
            model_name="secret",
            name="name",
            field=models.CharField(
                choices=[
                    ("login_secret_key", "login_secret_key"),
                    ("login_secret_key_previous", "login_secret_key_previous"),
                    ("zendesk_shared_secret", "zendesk_shared_secret"),
                    ("zendesk_shared_secret_next", "zendesk_shared_secret_next"),
                    ("zendesk_access_token", "zendesk_access_token"),
                    ("zendesk_client_secret", "zendesk_client_secret"),
                    ("zendesk_webhook_secret", "zendesk_webhook_secret"),
                ],
                max_length=40,
            ),
        ),
        migrations.AddIndex(
            model_name="loginuser",
            index=models.Index(
                models.F("integration"), django.db.models.functions.text.Lower("user_id"), name="login_user_by_low_id"
            ),
        ),
        migrations.AddField(
            model_name="visitorrefresh",
            name="visitor",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE, related_name="last_refresh", to="linking.visitor"
            ),
        ),
        migrations.AddField(
            model_name="webhookdelivery",
            name="integration",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="webhook_deliveries", to="linking.integration"
            ),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(fields=["received_at"], name="delivery_by_age"),
        ),
        migrations.AddConstraint(
            model_name="webhookdelivery",
            constraint=models.UniqueConstraint(fields=("integration", "signature"), name="one_delivery_a_signature"),
        ),
        migrations.RunPython(read_statuses, migrations.RunPython.noop),
    ]

"""The app inside Zendesk: its key and installation, and the starts of its panel that were believed."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("linking", "0019_refused_tokens"),
    ]

    operations = [
        migrations.AddField(
            model_name="integration",
            name="zendesk_app_audience",
            field=models.CharField(blank=True, db_default="", default="", max_length=200),
        ),
        migrations.AddField(
            model_name="integration",
            name="zendesk_app_public_key",
            field=models.TextField(blank=True, db_default="", default=""),
        ),
        migrations.CreateModel(
            name="PanelStart",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("mark", models.CharField(max_length=64)),
                ("forget_at", models.DateTimeField()),
                (
                    "integration",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="panel_starts",
                        to="linking.integration",
                    ),
                ),
            ],
            options={
                "verbose_name": "panel start",
                "verbose_name_plural": "panel starts",
                "indexes": [models.Index(fields=["forget_at"], name="panel_start_by_end")],
                "constraints": [
                    models.UniqueConstraint(fields=("integration", "mark"), name="one_panel_start_a_token")
                ],
            },
        ),
    ]

"""What the sync needs to try again what it could not read, and to do some things once in a while."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("linking", "0004_tokens_complete"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="visitoralias",
            options={"verbose_name_plural": "visitor aliases"},
        ),
        migrations.AddField(
            model_name="quarantined",
            name="attempts",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="quarantined",
            name="place_epoch_s",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="quarantined",
            name="place_id",
            field=models.CharField(blank=True, max_length=255),
        ),
        migrations.AddField(
            model_name="quarantined",
            name="retry_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name="conflict",
            name="kind",
            field=models.CharField(
                choices=[
                    ("relinked", "Visitor signed in as another user"),
                    ("shared_device", "Several users on one device"),
                    ("email_of_another_user", "E-mail address of another user"),
                    ("id_variant", "User IDs that differ by upper and lower case only"),
                    ("junk_external_id", "External ID that is no user ID"),
                ],
                max_length=30,
            ),
        ),
        migrations.CreateModel(
            name="Chore",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=20)),
                ("due_at", models.DateTimeField()),
                (
                    "integration",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="chores", to="linking.integration"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("integration", "name"), name="one_chore_a_name")],
            },
        ),
    ]

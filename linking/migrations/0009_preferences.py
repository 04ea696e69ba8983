"""A row a person for what they like, their time zone first; and one help text the less."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("linking", "0008_queue_indexes"),
    ]

    operations = [
        migrations.AlterField(
            model_name="alarmsettings", name="mail_to", field=models.EmailField(blank=True, max_length=254)
        ),
        migrations.CreateModel(
            name="Preference",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="preference",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("time_zone", models.CharField(db_default="UTC", default="UTC", max_length=64)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("time_zone", ""), _negated=True), name="preference_names_a_zone"
                    )
                ],
            },
        ),
    ]

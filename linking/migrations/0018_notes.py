"""Notes on players and labels of the house; `linking.models.sql.note_upkeep` makes the index of their words."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("linking", "0017_chat"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Label",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=30)),
                ("low_name", models.CharField(max_length=90, unique=True)),
                (
                    "colour",
                    models.CharField(
                        choices=[
                            ("grey", "Grey"),
                            ("blue", "Blue"),
                            ("green", "Green"),
                            ("amber", "Amber"),
                            ("red", "Red"),
                            ("violet", "Violet"),
                        ],
                        max_length=10,
                    ),
                ),
                ("place", models.PositiveSmallIntegerField(unique=True)),
            ],
            options={
                "verbose_name": "label",
                "verbose_name_plural": "labels",
                "ordering": ["low_name"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("name", ""), _negated=True), models.Q(("low_name", ""), _negated=True)
                        ),
                        name="label_has_a_name",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("place__gte", 1), ("place__lte", 20)), name="label_has_one_of_twenty_places"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PlayerLabel",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "label",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="player_labels", to="linking.label"
                    ),
                ),
                (
                    "login_user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="player_labels",
                        to="linking.loginuser",
                    ),
                ),
            ],
            options={
                "verbose_name": "label of a player",
                "verbose_name_plural": "labels of players",
                "indexes": [models.Index(fields=["label", "login_user"], name="player_by_label")],
                "constraints": [
                    models.UniqueConstraint(fields=("login_user", "label"), name="one_label_once_a_player")
                ],
            },
        ),
        migrations.CreateModel(
            name="PlayerNote",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("author_name", models.CharField(max_length=150)),
                ("text", models.CharField(max_length=2000)),
                ("written_at", models.DateTimeField()),
                ("edited_at", models.DateTimeField(blank=True, null=True)),
                ("revision", models.PositiveIntegerField(default=0)),
                ("plain", models.TextField()),
                ("contact", models.TextField()),
                (
                    "author",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "login_user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="notes", to="linking.loginuser"
                    ),
                ),
            ],
            options={
                "verbose_name": "note",
                "verbose_name_plural": "notes",
                "ordering": ["-pk"],
                "indexes": [models.Index(fields=["login_user", "-id"], name="note_by_player")],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("text", ""), _negated=True), name="note_has_text"),
                    models.CheckConstraint(
                        condition=models.Q(("author_name", ""), _negated=True), name="note_has_an_author"
                    ),
                ],
            },
        ),
    ]

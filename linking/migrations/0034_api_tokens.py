"""API tokens as digests, several a person. Those of before are moved; the clear ones stay for the release before.

The worker drops the clear ones some minutes after this release has started (linking.accounts.api_tokens).
"""

from hashlib import sha256

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def move_tokens(apps, _editor):
    """Store the digest of each key with what it could do so far."""
    old, new = apps.get_model("authtoken", "Token"), apps.get_model("linking", "APIToken")
    permissions = apps.get_model("auth", "Permission")
    for token in old.objects.select_related("user").order_by("pk"):
        may_refresh = permissions.objects.filter(user=token.user_id, codename="write_by_token").exists()
        new.objects.get_or_create(
            digest=sha256(token.key.encode()).hexdigest(),
            defaults={
                "user_id": token.user_id, "name": "moved", "created_at": token.created, "ends_at": None,
                "scopes": "read refresh metrics" if may_refresh else "read metrics",
                "created_by": token.user.username[:150],
            },
        )  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [
        ("authtoken", "0004_alter_tokenproxy_options"),
        ("auth", "0012_alter_user_first_name_max_length"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("linking", "0033_erasure"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="integration",
            options={"ordering": ["name", "id"], "verbose_name": "integration", "verbose_name_plural": "integrations"},
        ),
        migrations.DeleteModel(name="APIToken"),
        migrations.CreateModel(
            name="APIToken",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=60, verbose_name="name")),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("hint", models.CharField(blank=True, db_default="", default="", max_length=12)),
                ("scopes", models.CharField(max_length=60, verbose_name="scopes")),
                ("created_at", models.DateTimeField(verbose_name="made")),
                ("created_by", models.CharField(max_length=150, verbose_name="made by")),
                ("ends_at", models.DateTimeField(null=True, verbose_name="ends")),
                ("last_used_at", models.DateTimeField(null=True, verbose_name="last used")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="api_tokens",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
            ],
            options={
                "verbose_name": "API token",
                "verbose_name_plural": "API tokens",
                "ordering": ["-pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("scopes", ""), _negated=True), models.Q(("name", ""), _negated=True)
                        ),
                        name="api_token_may_do_something",
                    )
                ],
            },
        ),
        migrations.RunPython(move_tokens, migrations.RunPython.noop),
    ]

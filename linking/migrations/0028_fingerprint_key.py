"""The key of fingerprints in a row of its own, before the seal key it follows from is taken out."""

from django.db import migrations, models

import linking.fields
from linking.models.fingerprint import FINGERPRINT_PLACE


def keep_key(apps, _editor):
    """Store the key by which fingerprints have been made so far."""
    ring = linking.fields.key_ring()
    sealed = ring.seal(ring.derive_fingerprint_key(), place=FINGERPRINT_PLACE)
    apps.get_model("linking", "FingerprintKey").objects.get_or_create(pk=1, defaults={"sealed": sealed})


class Migration(migrations.Migration):
    dependencies = [("linking", "0027_banned_index")]

    operations = [
        migrations.CreateModel(
            name="FingerprintKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sealed", linking.fields.SealedTextField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("pk", 1)), name="fingerprint_key_is_one_row")
                ],
            },
        ),
        migrations.RunPython(keep_key, migrations.RunPython.noop),
    ]

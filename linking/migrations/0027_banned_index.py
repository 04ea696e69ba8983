"""An index for the list of banned visitors, who are few among millions."""

from django.db import migrations, models
from django.db.models import Q

from linking.migrations._online import AddIndexOnline


class Migration(migrations.Migration):
    # An index that is made beside readers and writers cannot be made in a transaction.
    atomic = False
    dependencies = [("linking", "0026_conflict_indexes")]
    operations = [
        AddIndexOnline(
            model_name="visitor",
            index=models.Index(fields=["-last_seen_at", "-id"], name="visitor_banned", condition=Q(is_banned=True)),
        ),
    ]

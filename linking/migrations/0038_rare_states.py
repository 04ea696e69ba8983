"""An index for the visitors of one integration in one state, who may be few among millions."""

from django.db import migrations, models

from linking.migrations._online import AddIndexOnline


class Migration(migrations.Migration):
    # An index that is made beside readers and writers cannot be made in a transaction.
    atomic = False
    dependencies = [("linking", "0037_sign_ins")]
    operations = [
        AddIndexOnline(
            model_name="visitor",
            index=models.Index(fields=["integration", "state", "-last_seen_at", "-id"], name="visitor_by_state_of_one"),
        ),
    ]

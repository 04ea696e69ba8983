"""Views of the list that everybody sees, and the order of saved views."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("linking", "0022_people")]
    operations = [
        migrations.AddField(
            model_name="savedview", name="is_shared", field=models.BooleanField(db_default=False, default=False)
        ),
        migrations.AddField(
            model_name="savedview", name="place", field=models.PositiveSmallIntegerField(db_default=0, default=0)
        ),
    ]

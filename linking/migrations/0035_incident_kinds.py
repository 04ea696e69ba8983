"""A kind of incident more; nothing changes in the database."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("linking", "0034_api_tokens")]

    operations = [
        migrations.AlterField(
            model_name="incident",
            name="kind",
            field=models.CharField(
                choices=[
                    ("stale", "No complete sync for too long"),
                    ("credentials", "Zendesk refused the access token"),
                    ("host", "Zendesk's address could not be used"),
                    ("secrets", "A secret is due for a change"),
                ],
                max_length=20,
            ),
        ),
    ]

"""A name for API tokens that does not give them away."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("authtoken", "0004_alter_tokenproxy_options"), ("linking", "0002_search_index")]
    operations = [
        migrations.CreateModel(
            name="APIToken",
            fields=[],
            options={
                "verbose_name": "API token",
                "verbose_name_plural": "API tokens",
                "proxy": True,
                "indexes": [],
                "constraints": [],
            },
            bases=("authtoken.tokenproxy",),
        ),
    ]

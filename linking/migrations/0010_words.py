"""Tables of the words by which people are found.

`linking.models.sql.word_upkeep` fills them after every migrate and has the database keep them, then takes the index of
0002_search_index away. Going back restores that index.
"""

from importlib import import_module

import django.db.models.deletion
from django.db import migrations, models

from linking.models.sql import word_upkeep

before = import_module("linking.migrations.0002_search_index")


def leave(_apps, _schema_editor):
    """Going forward nothing is done here: the triggers come after the last migration."""


def go_back(apps, schema_editor):
    word_upkeep.remove(schema_editor.connection)
    before.remove(apps, schema_editor)
    before.install(apps, schema_editor)


def words_of(model, *, name):
    return migrations.CreateModel(
        name=name,
        fields=[
            (
                model,
                models.OneToOneField(
                    db_constraint=False,
                    on_delete=django.db.models.deletion.DO_NOTHING,
                    primary_key=True,
                    related_name="words",
                    serialize=False,
                    to=f"linking.{model.replace('_', '')}",
                ),
            ),
            ("plain", models.TextField()),
            ("contact", models.TextField()),
        ],
        options={"verbose_name_plural": name.replace("Words", " words").lower()},
    )


class Migration(migrations.Migration):
    dependencies = [("linking", "0009_preferences")]

    operations = [
        words_of("visitor", name="VisitorWords"),
        words_of("login_user", name="WaitingWords"),
        migrations.RunPython(leave, go_back),
    ]

"""Indexes that no question goes by, or that another index begins with: 84 MB among a million visitors."""

import django.db.models.deletion
from django.db import migrations, models

from linking.migrations._online import AddIndexOnline, DropKeyIndexOnline, RemoveIndexOnline


class Migration(migrations.Migration):
    # An index that is dropped beside readers and writers cannot be dropped in a transaction.
    atomic = False

    dependencies = [
        ("linking", "0035_incident_kinds"),
    ]

    operations = [
        RemoveIndexOnline(
            model_name="conflict",
            name="conflict_by_state",
        ),
        RemoveIndexOnline(
            model_name="loginuser",
            name="login_user_by_email",
        ),
        RemoveIndexOnline(
            model_name="visitor",
            name="visitor_by_external_id",
        ),
        DropKeyIndexOnline(
            model_name="answercount",
            name="integration",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="answer_counts",
                to="linking.integration",
            ),
        ),
        DropKeyIndexOnline(
            model_name="loginuser",
            name="integration",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="login_users",
                to="linking.integration",
            ),
        ),
        DropKeyIndexOnline(
            model_name="quarantined",
            name="integration",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="quarantined",
                to="linking.integration",
            ),
        ),
        DropKeyIndexOnline(
            model_name="refusedtoken",
            name="integration",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="refused_tokens",
                to="linking.integration",
            ),
        ),
        DropKeyIndexOnline(
            model_name="syncrun",
            name="integration",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="runs",
                to="linking.integration",
            ),
        ),
        DropKeyIndexOnline(
            model_name="visitor",
            name="integration",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="visitors",
                to="linking.integration",
            ),
        ),
        DropKeyIndexOnline(
            model_name="visitoralias",
            name="integration",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="aliases",
                to="linking.integration",
            ),
        ),
        DropKeyIndexOnline(
            model_name="visitorlink",
            name="login_user",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="links",
                to="linking.loginuser",
            ),
        ),
        AddIndexOnline(
            model_name="syncrun",
            index=models.Index(condition=models.Q(("state", "running")), fields=["integration"], name="run_under_way"),
        ),
    ]

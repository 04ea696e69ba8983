"""One open question a visitor about a device that several users share, where there was one for each pair of them."""

from django.db import migrations, models
from django.db.models import Count, Exists, OuterRef

BATCH = 500


def join_questions(apps, _schema_editor):
    Conflict = apps.get_model("linking", "Conflict")
    ConflictDecision = apps.get_model("linking", "ConflictDecision")
    untouched = Conflict.objects.filter(state="open", kind__in=("relinked", "shared_device")).filter(
        ~Exists(ConflictDecision.objects.filter(conflict=OuterRef("pk")))
    )
    # Two questions about users who took turns mean a former user who came back, or a third one.
    several = untouched.order_by().values("visitor_id").annotate(number=Count("pk"))
    visitors = list(several.filter(number__gt=1).values_list("visitor_id", flat=True))
    for begin in range(0, len(visitors), BATCH):
        kept, surplus = {}, []
        rows = untouched.filter(visitor_id__in=visitors[begin : begin + BATCH]).order_by("-last_seen_at", "-pk")
        for row in rows:
            if row.visitor_id in kept:
                kept[row.visitor_id].first_seen_at = min(kept[row.visitor_id].first_seen_at, row.first_seen_at)
                surplus.append(row.pk)
                continue
            row.kind, row.subject = "shared_device", "device"
            kept[row.visitor_id] = row
        Conflict.objects.filter(pk__in=surplus).delete()
        Conflict.objects.bulk_update(kept.values(), ["kind", "subject", "first_seen_at"])


class Migration(migrations.Migration):
    dependencies = [("linking", "0006_run_waits")]

    operations = [
        migrations.AlterField(
            model_name="conflict",
            name="kind",
            field=models.CharField(
                choices=[
                    ("relinked", "Visitor signed in as another user"),
                    ("shared_device", "Several users on one device"),
                    ("email_of_another_user", "E-mail address of another user"),
                    ("id_variant", "User IDs that differ by upper and lower case only"),
                    ("junk_external_id", "External ID that is no user ID"),
                    ("wrong_link", "Wrong link reported by support"),
                ],
                max_length=30,
            ),
        ),
        migrations.RunPython(join_questions, migrations.RunPython.noop),
    ]

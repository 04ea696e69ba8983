"""Indexes for the orders that the list offers and for finding a visitor by a chat's ID."""

from django.db import migrations, models
from django.db.models import Q

from linking.migrations._online import AddIndexOnline


class Migration(migrations.Migration):
    # An index that is made beside readers and writers cannot be made in a transaction.
    atomic = False
    dependencies = [("linking", "0011_visitor_question")]
    operations = [
        AddIndexOnline(model_name="visitor", index=models.Index(fields=["first_seen_at", "id"], name="visitor_oldest")),
        AddIndexOnline(model_name="visitor", index=models.Index(fields=["name", "id"], name="visitor_by_name")),
        AddIndexOnline(
            model_name="visitor",
            index=models.Index(fields=["last_chat_id"], name="visitor_by_chat", condition=~Q(last_chat_id="")),
        ),
    ]

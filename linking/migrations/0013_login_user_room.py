"""Room on each page of login users, so that a sighting is written beside the row it replaces, without its indexes."""

from typing import Any

from django.db import migrations


def leave_room(_apps: Any, schema_editor: Any) -> None:
    """Have PostgreSQL fill new pages to 80 %. It locks out no reader and no writer."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE linking_loginuser SET (fillfactor = 80)")


def take_room(_apps: Any, schema_editor: Any) -> None:
    """Undo `leave_room`."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE linking_loginuser RESET (fillfactor)")


class Migration(migrations.Migration):
    dependencies = [("linking", "0012_visitor_orders")]
    operations = [migrations.RunPython(leave_room, take_room, elidable=False)]

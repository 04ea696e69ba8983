"""Conflicts for the tests of the pages about them."""

from linking.models import Conflict
from tests.factories import NOW, make_integration, make_link, make_login_user, make_visitor


def make_conflicts():
    """Return a function that makes a conflict of its own visitor, Nadia, between the players One and Other."""
    integration = make_integration()
    one = make_login_user(integration=integration, name="One", email="one@player.example")
    other = make_login_user(integration=integration, user_id="other", name="Other", email="bo@player.example")

    def made(*, name="Nadia", email="nadia@mail.example", is_linked=True, **changes):
        number = Conflict.objects.count()
        visitor = make_visitor(integration=integration, visitor_id=f"7700123.visitor{number}", name=name, email=email)
        if is_linked:
            make_link(visitor=visitor, login_user=one)
        values = {
            "integration": integration, "kind": "relinked", "visitor": visitor, "login_user": one, "other_user": other,
            "subject": f"{number}|", "first_seen_at": NOW, "last_seen_at": NOW,
        }  # fmt: skip
        return Conflict.objects.create(**(values | changes))

    return made

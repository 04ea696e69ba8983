import io

import pytest
from django.core.management import call_command

from tests.factories import NOW, USER_ID, make_integration, make_link, make_login_user, make_visitor

pytestmark = pytest.mark.django_db
PROOF = {"first_authenticated_at": NOW, "last_authenticated_at": NOW, "tokens_issued": 2}


def diagnose(*arguments):
    """What the command prints, and its exit code."""
    told = io.StringIO()
    with pytest.raises(SystemExit) as end:
        call_command("diagnose_player", *arguments, stdout=told, stderr=told)
    return told.getvalue(), end.value.code


class TestDiagnosePlayer:
    def test_walks_through_every_integration_of_the_project(self):
        chat = make_integration(last_success_at=NOW)
        make_link(visitor=make_visitor(integration=chat), login_user=make_login_user(integration=chat, **PROOF))
        other = make_integration(slug="acme-messaging", name="B", zendesk_product="messaging", zendesk_key_id="k")
        make_login_user(integration=other, user_id=USER_ID.upper())
        told, code = diagnose(USER_ID, "--integration", "acme")
        assert code == 1
        assert "ok   zdbridge issued a token: 2 tokens. Last token: 2026-11-22 12:00:00 UTC" in told
        assert told.index("acme\n") < told.index("acme-messaging\n")
        assert "STOP zdbridge issued a token: No token was issued to this player.\n       - Did the player" in told

    def test_says_that_a_linked_player_is_linked(self):
        chat = make_integration()
        make_link(visitor=make_visitor(integration=chat), login_user=make_login_user(integration=chat, **PROOF))
        assert diagnose(USER_ID)[1] == 0

    @pytest.mark.parametrize(
        ("arguments", "sentence"),
        [(("nobody",), "No token was issued"), ((USER_ID, "--integration", "none"), "There is no such integration.")],
    )
    def test_knows_nobody_else(self, arguments, sentence):
        make_integration()
        told, code = diagnose(*arguments)
        assert (sentence in told, code) == (True, 2)

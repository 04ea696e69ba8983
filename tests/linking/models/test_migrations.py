"""What migrations do to rows that were there before."""

from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from rest_framework.authtoken.models import Token

from linking import registry
from linking.accounts.api_tokens import digest_key
from linking.models import APIToken, Conflict, Integration, SyncRun, VisitorLink
from linking.models.sql import audit_guard
from linking.monitoring.status import list_missing_setup
from tests.factories import NOW, login_jwt, make_integration, make_link, make_login_user, make_run, make_visitor

pytestmark = pytest.mark.django_db


class TestReadStatuses:
    @pytest.mark.parametrize(
        ("run", "status"),
        [
            ({"stop_reason": "credentials", "stop_detail": "Zendesk refused the access token (401)."}, 401),
            ({"stop_reason": "credentials", "stop_detail": "The access token lacks the role (403)."}, 403),
            ({"stop_reason": "credentials", "stop_detail": "The access token is empty or contains blanks."}, None),
            ({"stop_reason": "crashed", "stop_detail": "Something (401)"}, None),
        ],
    )
    def test_takes_the_status_out_of_the_sentence(self, run, status):
        make_run(integration=make_integration(), state="stopped", **run)
        import_module("linking.migrations.0004_webhook_and_refresh").read_statuses(apps, None)
        assert SyncRun.objects.get().stop_status == status


class TestMoveTokens:
    def test_keeps_digests_and_leaves_the_keys_to_the_release_before(self, django_user_model):
        token = Token.objects.create(user=django_user_model.objects.create_user("ada"))
        import_module("linking.migrations.0034_api_tokens").move_tokens(apps, None)
        row = APIToken.objects.get()
        assert (row.digest, row.name, row.scopes) == (digest_key(token.key), "moved", "read metrics")
        assert Token.objects.exists()


class TestJoinQuestions:
    def make_conflicts(self, *kinds, visitor):
        values = {"integration": visitor.integration, "visitor": visitor, "first_seen_at": NOW, "last_seen_at": NOW}
        for number, (kind, changes) in enumerate(kinds):
            Conflict.objects.create(**values, kind=kind, subject=f"a|{number}", **changes)

    def join(self):
        import_module("linking.migrations.0007_one_question_a_device").join_questions(apps, None)
        return list(Conflict.objects.order_by("pk").values_list("visitor__visitor_id", "kind", "state"))

    def test_makes_one_of_three_that_ask_about_one_device(self):
        visitor = make_visitor(integration=make_integration(), visitor_id="7.a")
        self.make_conflicts(("relinked", {}), ("relinked", {}), ("shared_device", {}), visitor=visitor)
        assert self.join() == [("7.a", "shared_device", "open")]

    def test_leaves_a_single_one_and_what_was_decided(self):
        visitor = make_visitor(integration=make_integration(), visitor_id="7.a")
        decided = {"state": "decided", "decision": "keep", "decided_at": NOW}
        self.make_conflicts(("relinked", decided), ("relinked", {}), ("junk_external_id", {}), visitor=visitor)
        assert self.join() == [
            ("7.a", "relinked", "decided"), ("7.a", "relinked", "open"), ("7.a", "junk_external_id", "open"),
        ]  # fmt: skip


@pytest.mark.django_db(transaction=True)
class TestMessaging:
    @pytest.fixture
    def upgrade(self):
        """Go back to before accounts on Messaging were read, and forth."""

        def migrate(name):
            # As the command does before it changes a table.
            audit_guard.remove(connection)
            MigrationExecutor(connection).migrate([("linking", name)])

        ((_app, newest),) = MigrationExecutor(connection).loader.graph.leaf_nodes("linking")

        def upgrade():
            migrate("0014_labels")
            migrate(newest)
            registry.refresh()

        yield upgrade
        migrate(newest)
        audit_guard.install(connection)

    def test_leaves_what_was_there_and_says_what_is_missing(self, client, upgrade):
        """Of an account on Messaging only tokens were signed before, so it had no OAuth client."""
        acme = make_integration()
        make_link(visitor=make_visitor(integration=acme), login_user=make_login_user(integration=acme))
        key = {"zendesk_product": "messaging", "zendesk_key_id": "key", "login_project_id": "another-project"}
        moved = make_integration(slug="moved", **key)
        upgrade()
        row = Integration.objects.get(pk=moved.pk)
        assert (row.user_id_form, row.export_requests_per_minute, VisitorLink.objects.count()) == ("uuid", 20, 1)
        for slug, changes in (("acme", {}), ("moved", {"xsolla_login_project_id": "another-project"})):
            headers = {"Authorization": f"Bearer {login_jwt(**changes)}"}
            assert client.get(f"/generate/token/{slug}", headers=headers).status_code == 200
        names = set(row.secrets.values_list("name", flat=True))
        assert set(list_missing_setup(row, names=names)) == {"zendesk_client_id", "zendesk_client_secret"}

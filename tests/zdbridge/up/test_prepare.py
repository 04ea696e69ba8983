"""Preparing: the link for the first administrator, and the words for a database that does not respond."""

import pytest
from django.contrib.auth.models import Group, User
from django.db import OperationalError

from zdbridge.up import demo, prepare


@pytest.fixture
def start(settings, tmp_path):
    """What a start prints; with the demo people made before."""
    settings.DATA_DIR = tmp_path
    demo.make_people(data_dir=tmp_path)
    return prepare._create_first_link


@pytest.mark.django_db
class TestFirstLink:
    def test_is_printed_beside_demo_people_whose_passwords_were_printed(self, start):
        assert "/accounts/link/" in start()["admin_link"]

    def test_is_printed_too_when_the_demo_is_not_run_any_more(self, start):
        start()
        assert "/accounts/link/" in start()["admin_link"]

    def test_is_not_printed_once_the_demo_admin_has_a_password_of_their_own(self, start):
        person = User.objects.get(username="admin")
        person.set_password("something of their own")
        person.save()
        assert start() == {"admin_note": ""}

    def test_is_not_printed_beside_an_administrator(self, start):
        User.objects.create_user("ada", password="something of hers").groups.add(Group.objects.get(name="admins"))
        assert start() == {"admin_note": ""}


class TestExplainDatabaseError:
    def test_names_the_option_for_a_pooler(self):
        explanation = prepare.explain_database_error(
            OperationalError("FATAL:  unsupported startup parameter: options\nmore")
        )
        assert "add pgbouncer=1 to DATABASE_URL" in explanation
        assert "more" not in explanation

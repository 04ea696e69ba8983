"""Login users found by an ID in any case."""

import pytest
from django.db import connection

from linking.models import LoginUser
from tests.factories import make_integration, make_login_user

pytestmark = pytest.mark.django_db


class TestInAnyCase:
    def test_finds_every_spelling(self):
        acme = make_integration()
        for user_id in ("abc", "ABC", "aBc", "abcd"):
            make_login_user(integration=acme, user_id=user_id)
        found = LoginUser.objects.in_any_case(user_ids=["AbC"]).values_list("user_id", flat=True)
        assert set(found) == {"abc", "ABC", "aBc"}

    def test_asks_an_index(self):
        rows = LoginUser.objects.filter(integration_id=1).in_any_case(user_ids=["AbC", "x-2"])
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                # So small a table would be read whole; what matters is that the index can answer.
                cursor.execute("SET LOCAL enable_seqscan = off")
                cursor.execute("SET LOCAL enable_indexscan = on")
        assert "login_user_by_low_id" in rows.explain()

"""Login users found by an ID in any case."""

import pytest
from django.db import connection

from linking.models import LoginUser
from linking.models.sql import bulk
from tests.factories import NOW, make_integration, make_login_user

pytestmark = pytest.mark.django_db


class TestInAnyCase:
    def test_finds_every_spelling(self):
        acme = make_integration()
        for user_id in ("abc", "ABC", "aBc", "abcd"):
            make_login_user(integration=acme, user_id=user_id)
        found = LoginUser.objects.in_any_case(user_ids=["AbC"]).values_list("user_id", flat=True)
        assert set(found) == {"abc", "ABC", "aBc"}

    def test_asks_an_index(self):
        acme = make_integration()
        users = [LoginUser(integration=acme, user_id=f"user-{number}", created_at=NOW) for number in range(2000)]
        LoginUser.objects.bulk_create(users)
        if connection.vendor == "postgresql":
            # The planner takes a small or unknown table for one that is as fast to read whole, or by another index.
            with connection.cursor() as cursor:
                cursor.execute(f"ANALYZE {bulk.table_name(LoginUser)}")
        rows = LoginUser.objects.filter(integration=acme).in_any_case(user_ids=["AbC", "x-2"])
        assert "login_user_by_low_id" in rows.explain()

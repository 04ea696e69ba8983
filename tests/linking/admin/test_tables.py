import pytest
from django.contrib import admin as django_admin
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from linking.admin import tables
from linking.models import Visitor
from tests.factories import make_integration, make_link, make_login_user, make_visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin():
    person = User.objects.create_user(username="ada", password="own-password")
    person.groups.set(Group.objects.filter(name="admins"))
    client = Client()
    client.force_login(User.objects.get(pk=person.pk))
    return client


@pytest.fixture
def acme():
    acme = make_integration()
    make_link(visitor=make_visitor(integration=acme, visitor_id="1.a"), login_user=make_login_user(integration=acme))
    other = make_login_user(integration=acme, user_id="other-user")
    make_link(visitor=make_visitor(integration=acme, visitor_id="1.b"), login_user=other)
    return acme


def found(admin, path):
    return sorted(str(row) for row in admin.get(path).context["cl"].result_list)


class TestCounting:
    def test_goes_no_further_than_the_cap(self, admin, acme, monkeypatch):
        monkeypatch.setattr(tables, "LISTED_MOST", 1)
        page = admin.get("/admin/linking/visitor/")
        assert page.context["cl"].result_count == 1
        assert "the newest 1 visitors; search for older ones" in page.content.decode()

    def test_tells_the_number_below_the_cap(self, admin, acme):
        assert "2 visitors" in admin.get("/admin/linking/visitor/").content.decode()

    @pytest.mark.parametrize(
        "table", sorted(model._meta.model_name for model, one in django_admin.site._registry.items()
                        if isinstance(one, tables.ReadOnlyAdmin) and model._meta.app_label == "linking")
    )  # fmt: skip
    def test_is_bounded_in_every_table_that_machines_write(self, admin, acme, table):
        with CaptureQueriesContext(connection) as asked:
            admin.get(f"/admin/linking/{table}/")
        name = f'"linking_{table}"'
        counts = [one["sql"] for one in asked if one["sql"].startswith("SELECT COUNT(") and name in one["sql"]]
        assert counts
        assert [sql for sql in counts if "LIMIT" not in sql] == []


class TestSearching:
    @pytest.mark.parametrize(
        ("path", "hits"),
        [
            ("visitor/?q=1.a", ["1.a"]),
            ("visitor/?q=1.", []),
            ("loginuser/?q=other-user", ["other-user"]),
            ("loginuser/?q=other", []),
            ("visitoralias/?q=none", []),
        ],
    )
    def test_finds_whole_ids(self, admin, acme, path, hits):
        assert found(admin, f"/admin/linking/{path}") == hits

    @pytest.mark.parametrize("term", ["1.b", "other-user", " 1.b "])
    def test_finds_links_by_either_end(self, admin, acme, term):
        (link,) = admin.get("/admin/linking/visitorlink/", {"q": term}).context["cl"].result_list
        assert (link.visitor.visitor_id, link.login_user.user_id) == ("1.b", "other-user")

    def test_finds_no_link_of_a_stranger(self, admin, acme):
        assert found(admin, "/admin/linking/visitorlink/?q=nobody") == []

    def test_compares_ids_as_they_are_stored(self, admin, acme):
        """UPPER() on both sides would read every row."""
        with CaptureQueriesContext(connection) as asked:
            admin.get("/admin/linking/visitor/", {"q": "1.a"})
        assert [one["sql"] for one in asked if "UPPER(" in one["sql"] or "LIKE" in one["sql"]] == []


class TestOrdering:
    @pytest.mark.parametrize("table", ["visitor", "visitorlink", "loginuser"])
    def test_of_large_tables_is_not_for_readers_to_choose(self, admin, acme, table):
        with CaptureQueriesContext(connection) as asked:
            admin.get(f"/admin/linking/{table}/", {"o": "2"})
        assert Visitor.objects.count() == 2
        orders = [one["sql"].rpartition("ORDER BY")[2] for one in asked if f'FROM "linking_{table}"' in one["sql"]]
        assert [order for order in orders if "name" in order or "login_user_id" in order] == []

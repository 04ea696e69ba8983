import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from linking.accounts.admin_index import group_tables
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db


class Known:
    pass


class Written:
    pass


def table(model, name):
    return {"model": model, "object_name": model.__name__, "name": name}


class TestGroupTables:
    def test_parts_what_people_set_from_what_machines_write(self):
        groups = group_tables([{"models": [table(Known, "known"), table(Written, "written")]}], records=[Written])
        assert [(group["app_label"], [row["name"] for row in group["models"]]) for group in groups] == [
            ("settings", ["known"]),
            ("records", ["written"]),
        ]

    def test_leaves_out_a_group_without_tables(self):
        groups = group_tables([{"models": [table(Written, "written")]}], records=[Written])
        assert [group["app_label"] for group in groups] == ["records"]


class TestIndex:
    def read_group(self, label):
        person = User.objects.create_user("ada")
        person.groups.add(Group.objects.get(name="admins"))
        client = Client()
        client.force_login(person)
        section = read(client.get("/admin/")).one("section", aria_labelledby=f"group-{label}")
        return [link.text for link in section.all("a") if "btn" not in link.attributes.get("class", "")]

    def test_begins_with_the_integrations(self):
        assert self.read_group("settings")[:3] == ["Integrations", "People", "Groups"]

    def test_lists_machine_written_tables_apart(self):
        assert {"Audit", "Visitors", "Leases"} <= set(self.read_group("records"))

    def test_offers_nothing_to_add_among_the_records(self):
        assert not any("Add" in name for name in self.read_group("records"))

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from linking.models import AlarmSettings, AuditEvent

pytestmark = pytest.mark.django_db
PAGE = "/admin/linking/alarmsettings/1/change/"
CANARY = "https://hooks.example/canary"


@pytest.fixture
def admin():
    user = User.objects.create_user("ada")
    user.groups.add(Group.objects.get(name="admins"))
    client = Client()
    client.force_login(User.objects.get(pk=user.pk))
    client.get("/admin/linking/alarmsettings/")
    return client


def save(client, **changes):
    values = {"after_minutes": "15", "mail_to": "", "mail_from": "", "webhook": ""} | changes
    return client.post(PAGE, values, follow=True)


class TestAlarmSettings:
    def test_the_list_leads_to_the_one_row(self, admin):
        assert PAGE in admin.get("/admin/linking/alarmsettings/").content.decode()

    def test_keep_a_webhook_that_is_not_shown_again(self, admin):
        save(admin, webhook=CANARY)
        assert AlarmSettings.objects.get().webhook_host == "hooks.example"
        assert "canary" not in admin.get(PAGE).content.decode()

    def test_a_blank_box_keeps_it(self, admin):
        save(admin, webhook=CANARY)
        save(admin)
        assert AlarmSettings.objects.get().webhook_host == "hooks.example"

    def test_it_can_be_taken_away(self, admin):
        save(admin, webhook=CANARY)
        save(admin, remove_webhook="on")
        assert AlarmSettings.objects.get().webhook_sealed == ""

    def test_an_inward_address_is_refused(self, admin):
        assert "must begin with https://" in save(admin, webhook="http://10.0.0.1/x").content.decode()

    def test_are_audited_without_values(self, admin):
        save(admin, webhook=CANARY, mail_to="lead@shop.example")
        event = AuditEvent.objects.get(action="set_alarm")
        assert (event.actor, event.fields) == ("ada", ["mail_to", "webhook"])

import pytest
from django.contrib.auth.models import Group, User
from django.core import mail
from django.test import Client

from linking.models import AlarmSettings, AuditEvent
from tests.linking.scripted_server import answer, scripted

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
    values = {
        "after_minutes": "15",
        "mail_to": "",
        "mail_from": "",
        "webhook": "",
        "conflicts_every": "never",
    } | changes
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


class TestSendATest:
    @pytest.fixture
    def said(self, admin, settings):
        settings.LINKING = settings.LINKING | {"ALLOW_LOOPBACK": True, "HAS_MAIL": True}

        def asked(**changes):
            return save(admin, _test="yes", **changes).content.decode()

        return asked

    def test_by_mail_says_that_it_was_taken(self, said):
        assert "Mail: the test was sent." in said(mail_to="lead@shop.example")
        assert [(one.to, one.subject) for one in mail.outbox] == [(["lead@shop.example"], "zdbridge: test alarm")]

    def test_by_mail_says_why_it_failed(self, said, settings):
        settings.EMAIL_BACKEND = "linking.accounts.mail.NoMailServer"
        page = said(mail_to="lead@shop.example")
        assert "Mail: the test failed. No mail server is set. The operator of zdbridge can set EMAIL_URL." in page

    def test_by_webhook_says_that_it_was_taken(self, said):
        with scripted(answer(b"ok")) as server:
            assert "Webhook: the test was sent." in said(webhook=f"{server.url}/canary")
        assert '"event":"test"' in server.heads[0].replace(": ", ":")

    def test_by_webhook_says_why_it_failed_without_the_address(self, said):
        with scripted(answer(b"no", status="404 Not Found")) as server:
            page = said(webhook=f"{server.url}/canary")
        assert "Webhook: the test failed. The webhook answered 404." in page
        assert "canary" not in page

    def test_is_audited(self, said):
        said(mail_to="lead@shop.example")
        assert AuditEvent.objects.get(action="alarm.tested").fields == ["mail"]

    def test_mail_without_a_server_is_warned_of_when_saved(self, admin):
        assert "because no mail server is set." in save(admin, mail_to="lead@shop.example").content.decode()


class TestNoticesOfConflicts:
    def test_are_off_until_they_are_chosen(self, admin):
        save(admin, conflicts_every="never")
        assert AlarmSettings.objects.get().conflicts_every == "never"

    def test_keep_addresses_and_where_the_dashboard_is(self, admin):
        save(admin, conflicts_every="day", conflicts_mail_to=" a@shop.example,b@shop.example, ")
        row = AlarmSettings.objects.get()
        assert (row.conflicts_every, row.conflict_addresses, row.dashboard_url) == (
            "day", ["a@shop.example", "b@shop.example"], "http://testserver",
        )  # fmt: skip

    @pytest.mark.parametrize("addresses", ["nobody", "a@shop.example, nobody", ", ".join(["a@shop.example"] * 11)])
    def test_refuse_what_is_no_address(self, admin, addresses):
        save(admin, conflicts_every="day", conflicts_mail_to=addresses)
        assert AlarmSettings.objects.get().conflicts_every == "never"

    def test_without_a_way_to_send_them_are_warned_of(self, admin):
        page = save(admin, conflicts_every="hour").content.decode()
        assert "Notices of conflicts have neither an address nor a webhook" in page

    def test_are_tested_together_with_the_alarms(self, admin, settings):
        settings.LINKING = settings.LINKING | {"HAS_MAIL": True}
        page = save(admin, _test="yes", conflicts_every="hour", conflicts_mail_to="a@shop.example").content.decode()
        assert "Notices by mail: the test was sent." in page
        assert [(one.to, one.subject) for one in mail.outbox] == [(["a@shop.example"], "zdbridge: test notice")]

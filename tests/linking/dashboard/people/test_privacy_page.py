"""The page on which admins answer requests about personal data."""

import json

import pytest
from django.urls import reverse

from linking.models import AuditEvent, ErasureReceipt, LoginUser, Visitor
from linking.privacy import Name, receipts
from tests.factories import USER_ID, make_integration
from tests.linking.privacy.people import EMAIL, PHONE, VISITOR_ID, make_nadia

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(sign_in):
    return sign_in("admin")


@pytest.fixture(autouse=True)
def _nadia():
    make_nadia(make_integration())


def post(browser, name, kind="user", value=USER_ID, **more):
    return browser.post(reverse(name), {"kind": kind, "value": value} | more)


class TestWhoMayOpenIt:
    @pytest.mark.parametrize("name", ["privacy_find", "privacy_export", "privacy_erase"])
    def test_no_lead_may(self, sign_in, name):
        browser = sign_in("agent")
        assert (post(browser, name).status_code, browser.get(reverse("privacy")).status_code) == (403, 403)
        assert Visitor.objects.exists()

    @pytest.mark.parametrize("name", ["privacy_find", "privacy_export", "privacy_erase"])
    def test_nobody_looks_by_an_address_in_the_url(self, admin, name):
        assert admin.get(reverse(name), {"kind": "email", "value": EMAIL}).status_code == 405


class TestFind:
    @pytest.mark.parametrize(
        ("kind", "value"),
        [("user", USER_ID), ("visitor", VISITOR_ID), ("email", EMAIL)],
        ids=["user", "visitor", "email"],
    )
    def test_counts_what_is_kept(self, admin, kind, value):
        text = post(admin, "privacy_find", kind, value).content.decode()
        assert "<td>visitors</td><td>1</td>" in text
        assert "The block ends with the erasure" in text
        assert PHONE not in text

    def test_says_where_nothing_is_kept(self, admin):
        assert "Nothing is kept under this address or ID." in post(admin, "privacy_find", value="x9").content.decode()

    @pytest.mark.parametrize(("kind", "value"), [("user", ""), ("phone", PHONE), ("user", "x" * 301)])
    def test_refuses_what_names_nobody(self, admin, kind, value):
        assert post(admin, "privacy_find", kind, value).status_code == 422


class TestExport:
    def test_is_a_file_and_in_the_audit(self, admin):
        answer = post(admin, "privacy_export")
        assert answer["Content-Disposition"] == 'attachment; filename="person.json"'
        assert json.loads(answer.content)["kept"]["linking.visitor"][0]["phone"] == PHONE
        assert AuditEvent.objects.get(action="person.exported_data").actor == "admin"


class TestErase:
    def test_needs_the_id_once_more(self, admin):
        answer = post(admin, "privacy_erase", again="something else")
        assert (answer.status_code, Visitor.objects.count()) == (422, 1)

    def test_leads_to_a_receipt_that_can_be_downloaded(self, admin):
        answer = post(admin, "privacy_erase", again=USER_ID)
        number = ErasureReceipt.objects.get().number
        assert answer.url == reverse("privacy_receipt", args=[number])
        assert (Visitor.objects.count(), LoginUser.objects.count()) == (0, 0)
        shown = admin.get(answer.url).content.decode()
        file = admin.get(reverse("privacy_receipt_file", args=[number])).content.decode()
        assert receipts.is_genuine(file)
        assert [word for word in (USER_ID, EMAIL, PHONE, VISITOR_ID) if word in shown + file] == []

    def test_is_listed_and_said_when_the_person_is_looked_for_again(self, admin):
        post(admin, "privacy_erase", again=USER_ID)
        text = post(admin, "privacy_find").content.decode()
        assert "This person was erased." in text
        assert ErasureReceipt.objects.get().number in text


class TestReadmit:
    def test_lifts_the_erasure(self, admin):
        post(admin, "privacy_erase", again=USER_ID)
        number = ErasureReceipt.objects.get().number
        admin.post(reverse("privacy_readmit", args=[number]))
        assert not receipts.is_erased(Name(user_id=USER_ID))
        assert "Readmitted on" in admin.get(reverse("privacy_receipt", args=[number])).content.decode()

    def test_of_an_unknown_receipt_is_not_found(self, admin):
        assert admin.post(reverse("privacy_readmit", args=["0" * 16])).status_code == 404


class TestLinkOnARecord:
    def test_leads_an_admin_from_a_player_and_a_visitor(self, admin):
        for address in (reverse("user", args=[USER_ID]), reverse("visitor", args=[VISITOR_ID])):
            assert reverse("privacy_find") in admin.get(address).content.decode()

    def test_is_not_shown_to_an_agent(self, agent):
        assert reverse("privacy_find") not in agent.get(reverse("visitor", args=[VISITOR_ID])).content.decode()

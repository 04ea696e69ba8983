"""With `ZDBRIDGE_IDS_ONLY` nothing but IDs is stored, and what was stored before goes."""

import pytest

from linking.models import LoginUser, Quarantined, Visitor
from linking.privacy import retention
from tests.factories import NOW, USER_ID, make_integration
from tests.linking.privacy.people import EMAIL, NAME, PHONE, VISITOR_ID, make_nadia
from tests.linking.privacy.test_erase_person import answer, find_words, read_chat, sight

pytestmark = pytest.mark.django_db
CONTACT = {"name": NAME, "email": EMAIL, "phone": PHONE, "notes": "a canary note"}
WORDS = (NAME, EMAIL, PHONE, "a canary note")


@pytest.fixture
def acme():
    return make_integration()


@pytest.fixture
def _ids_only(settings):
    settings.LINKING = settings.LINKING | {"IDS_ONLY": True}


@pytest.mark.usefixtures("_ids_only")
class TestIdsOnly:
    def test_stores_a_visitor_and_a_player_without_a_name(self, acme):
        read_chat(acme, {"id": VISITOR_ID} | CONTACT)
        answer(acme, VISITOR_ID, external_id=USER_ID, **CONTACT)
        sight(acme)
        assert (Visitor.objects.get().state, LoginUser.objects.get().tokens_issued) == ("linked", 1)
        assert find_words(WORDS) == []

    def test_is_said_on_the_list(self, lead):
        assert "Only IDs are kept here." in lead.get("/").content.decode()

    def test_takes_out_what_was_stored_before(self, acme, settings):
        make_nadia(acme)
        numbers, _is_all = retention.prune(days=settings.LINKING, now=NOW)
        assert numbers["contacts of visitors"] == numbers["names of players"] == 1
        assert (Visitor.objects.get().email, LoginUser.objects.get().name) == ("", "")
        assert set(Quarantined.objects.values_list("raw", flat=True)) == {""}


class TestByItself:
    def test_names_are_kept(self, acme, lead):
        sight(acme)
        assert LoginUser.objects.get().email == EMAIL
        assert "Only IDs are kept here." not in lead.get("/").content.decode()

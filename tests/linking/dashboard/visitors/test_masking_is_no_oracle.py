"""What is masked for an agent cannot be guessed letter by letter: a right part is answered like a wrong one."""

from urllib.parse import quote_plus

import pytest

from linking.models import SavedView
from linking.notes import player_notes
from tests.factories import NOW, make_integration, make_link, make_login_user, make_visitor
from tests.linking.conftest import make_person

pytestmark = pytest.mark.django_db
EMAIL, PHONE_DIGITS = "chen.yu@player.example", "493012345678"
HTMX = {"HTTP_HX_REQUEST": "true"}
ADDRESSES = ("/", "/?state=signed_in", "/search/", "/api/v1/visitors/", "/?only=no_email", "/?seen=30")
PROOF = {"first_authenticated_at": NOW, "last_authenticated_at": NOW, "tokens_issued": 1}
# A right guess of a part beside a wrong one of the same length.
PARTS_OF_AN_ADDRESS = [
    ("chen.yu@play", "chen.yx@play"), ("chen.", "chex."), ("c", "q"), ("ch", "qh"),
    ("@player.example", "@plaxer.example"),
    ("chen.yu@player.exampl", "chen.yu@player.exampx"), ("hen.yu@player.example", "xen.yu@player.example"),
    ("player", "plaxer"), ("yu@player.example", "yx@player.example"),
    ("see chen.yu@player.exampl", "see chen.yx@player.exampl"),
    ("email: chen.yu@", "email: chen.yx@"), ("chen yu", "chen yx"), ("chen_yu", "chen_yx"), ("%yu@", "%yx@"),
]  # fmt: skip
PARTS_OF_A_NUMBER = [
    ("1234567", "1234568"), ("49301234567", "49301234568"), ("+49 30 1234567", "+49 30 1234568"),
    ("3012345678", "3012345679"), ("30-12345678", "30-12345679"), ("5678", "5679"), ("2345678", "2345679"),
]  # fmt: skip


def ask(client, address, q):
    """The answer but for what was asked, which a page repeats, and for what differs with every page."""
    path, _, filters = address.partition("?")
    asked = dict(pair.split("=") for pair in filters.split("&") if pair) | {"q": q}
    answer = client.get(path, asked, **(HTMX if path != "/api/v1/visitors/" else {}))
    text = answer.content.decode()
    return answer.status_code, answer.headers.get("Location", ""), forget(text, q)


def forget(text, q):
    return text.replace(f"q={quote_plus(q)}&", "q=…&").replace(f'q={quote_plus(q)}"', 'q=…"')


@pytest.fixture
def acme():
    return make_integration()


@pytest.fixture
def contact_everywhere(acme):
    """The address as the guide makes it, the name, and wherever else a stranger or a site may put it."""
    make_visitor(integration=acme, visitor_id="7.a", name=EMAIL, email=EMAIL, phone="+49 (30) 12345678")
    make_visitor(
        integration=acme, visitor_id="7.b", name=f"Kai {EMAIL}", external_id=EMAIL, notes=f"{EMAIL} {PHONE_DIGITS}"
    )
    make_visitor(integration=acme, visitor_id="7.c", name="Kai +49 30 12345678", phone=EMAIL)
    make_visitor(integration=acme, visitor_id="7.d", name="030-12345678 4930 12345678", external_id=f"+{PHONE_DIGITS}")
    linked = make_login_user(integration=acme, user_id="u-1", email=EMAIL, name=EMAIL)
    make_link(visitor=make_visitor(integration=acme, visitor_id="7.e", name="Somebody"), login_user=linked)
    colleague = make_person("colleague", ["leads"])
    player_notes.write_note(player=linked, text=f"See {EMAIL}\nor +49 30 12345678", by=colleague, now=NOW)
    named = make_login_user(integration=acme, user_id="u-2", name="Kai +49 30 12345678")
    make_link(visitor=make_visitor(integration=acme, visitor_id="7.f"), login_user=named)
    make_login_user(integration=acme, user_id="u-3", email=EMAIL, name=EMAIL, **PROOF)
    make_login_user(integration=acme, user_id=EMAIL, name=f"Kai {PHONE_DIGITS}", **PROOF)


@pytest.mark.usefixtures("contact_everywhere")
class TestGuessing:
    @pytest.mark.parametrize("address", ADDRESSES)
    @pytest.mark.parametrize(("right", "wrong"), PARTS_OF_AN_ADDRESS + PARTS_OF_A_NUMBER)
    def test_a_part_is_answered_alike_right_or_wrong(self, agent, address, right, wrong):
        assert ask(agent, address, right) == ask(agent, address, wrong)

    @pytest.mark.parametrize("address", ["/search/", "/api/v1/visitors/"])
    def test_a_lead_may_search_for_parts(self, lead, address):
        assert ask(lead, address, "chen.yu@play") != ask(lead, address, "chen.yx@play")

    def test_letter_by_letter_nobody_is_found(self, agent):
        for end in range(1, len(EMAIL)):
            assert agent.get("/api/v1/visitors/", {"q": EMAIL[:end]}).json()["results"] == []

    @pytest.mark.parametrize("field", ["name", "-name"])
    def test_the_order_by_a_masked_name_is_refused(self, agent, field):
        page, api = agent.get("/", {"ordering": field}), agent.get("/api/v1/visitors/", {"ordering": field})
        assert (page.status_code, api.status_code) == (400, 400)

    def test_the_order_is_not_offered_either(self, agent, lead):
        assert (b"ordering=name" in agent.get("/").content, b"ordering=name" in lead.get("/").content) == (False, True)

    def test_a_kept_view_counts_no_part(self, agent, django_user_model):
        owner = django_user_model.objects.get(username="agent")
        for number, q in enumerate(("chen.yu%40play", "chen.yx%40play")):
            SavedView.objects.create(owner=owner, name=f"view {number}", query=f"?q={q}")
        page = agent.get("/").content.decode()
        counts = [part.split("</span>")[0] for part in page.split("<bdi>view ")[1:]]
        assert counts[0].replace("0", "", 1) == counts[1].replace("1", "", 1)


@pytest.mark.usefixtures("contact_everywhere")
class TestWhole:
    @pytest.mark.parametrize("q", [EMAIL, EMAIL.upper(), f"Chen <{EMAIL}>", f"write to {EMAIL} please"])
    def test_an_address_finds_everybody_who_has_it(self, agent, q):
        found = {row["visitor_id"] for row in agent.get("/api/v1/visitors/", {"q": q}).json()["results"]}
        assert found == {"7.a", "7.b", "7.c", "7.e"}

    @pytest.mark.parametrize("q", ["+49 30 12345678", PHONE_DIGITS, "+49 (30) 123-456-78"])
    def test_a_number_finds_its_visitor(self, agent, q):
        found = {row["visitor_id"] for row in agent.get("/api/v1/visitors/", {"q": q}).json()["results"]}
        assert "7.a" in found

    def test_the_waiting_list_is_searched_alike(self, agent):
        assert EMAIL.encode() not in agent.get("/", {"state": "signed_in", "q": "chen.yu@"}).content.replace(
            b"chen.yu@", b""
        )
        assert b"u-3" in agent.get("/", {"state": "signed_in", "q": EMAIL}).content


class TestNamesAndIDs:
    @pytest.mark.parametrize(
        "q", ["adi", "KOVAČ", "kov nad", "3f0d", "77.ab", "starf", "starfox nadia", "Visitor 1234"]
    )
    def test_are_found_in_part(self, agent, acme, q):
        user = make_login_user(integration=acme, name="StarFox")
        one = make_visitor(integration=acme, visitor_id="77.abc", name="Nadia Kovač", email=EMAIL)
        make_link(visitor=one, login_user=user)
        make_visitor(integration=acme, visitor_id="8.x", name="Visitor 12345678")
        found = [row["visitor_id"] for row in agent.get("/api/v1/visitors/", {"q": q}).json()["results"]]
        assert found == (["8.x"] if q.startswith("Visitor") else ["77.abc"])


class TestUserIDsThatAreAddresses:
    """A site may take the address for the user ID; an agent then sees neither, in no page and in no address."""

    @pytest.fixture
    def chen(self, acme):
        user = make_login_user(integration=acme, user_id=EMAIL, name="Chen Yu", email=EMAIL, **PROOF)
        visitor = make_visitor(integration=acme, visitor_id="7.a", name="Chen Yu", external_id=EMAIL, state="linked")
        make_link(visitor=visitor, login_user=user)
        make_login_user(integration=acme, user_id="+493012345678", name="Waits", **PROOF)
        return user

    @pytest.mark.parametrize(
        "address", ["/", "/?state=signed_in", "/visitors/7.a/?integration=acme", "/search/?q=chen", "/api/v1/visitors/"]
    )
    def test_are_in_no_page(self, agent, chen, address):
        text = agent.get(address, **({"HTTP_HX_REQUEST": "true"} if "search" in address else {})).content.decode()
        assert all(secret not in text for secret in (EMAIL, quote_plus(EMAIL), "3012345678"))

    def test_are_reached_by_a_stand_in(self, agent, chen):
        page = agent.get(f"/users/~{chen.pk}/", {"integration": "acme"})
        assert (page.status_code, EMAIL.encode() in page.content, b"Chen Yu" in page.content) == (200, False, True)

    def test_lead_to_it_when_typed_whole(self, agent, chen):
        assert agent.get(f"/users/{EMAIL}/")["Location"] == f"/users/~{chen.pk}/?integration=acme"

    def test_are_seen_by_leads(self, lead, chen):
        assert lead.get(f"/users/{EMAIL}/", {"integration": "acme"}).status_code == 200

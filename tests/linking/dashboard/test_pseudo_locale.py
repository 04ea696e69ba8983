"""No sentence of a page escapes translation: in a made-up language, every text carries the translator's mark."""

import re
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from django.utils import timezone

from linking.models import AuditEvent, Conflict, Preference
from tests.factories import make_integration, make_link, make_login_user, make_run, make_visitor
from tests.linking.conftest import make_person
from tests.pseudo_locale import BEGIN, CODE, END, mark, speak_pseudo

pytestmark = pytest.mark.django_db
VISITOR, USER = "7700123.ab3XkQ9zLm2Rt7", "3f0d2c54-7a1e-4c7b-9a55-0e6b6f1d9c01"
PAGES = [
    "/", "/?state=linked&seen=30&q=na", "/?q=nothing-like-that", "/?state=signed_in", f"/visitors/{VISITOR}/",
    "/visitors/7700123.second/", f"/users/{USER}/", "/users/waits/", "/conflicts/", "/conflicts/?state=decided",
    "/sync/", "/setup/acme/", "/setup/acme/codes/", "/people/", "/audit/",
    "/labels/", "/views/", "/link-rate/", "/integrations/new/", "/setup/acme/secrets/", "/setup/acme/import/",
    "/nothing/", "/accounts/2fa/", "/accounts/password/change/", "/accounts/language/", "/accounts/time-zone/",
    "/accounts/tokens/",
]  # fmt: skip
READ_ATTRIBUTES = {"alt", "aria-label", "data-said", "placeholder", "title"}
# Data, code and names are the same in every language.
UNREAD = {"bdi", "code", "kbd", "option", "pre", "script", "style", "svg", "q"}
_MARKED = re.compile(f"{BEGIN}[^{BEGIN}{END}]*{END}")
_WORD = re.compile(r"[A-Za-z]{3,}")
NAMES = {
    "zdbridge", "Zendesk", "Xsolla", "Login", "Chat", "Messaging", "API", "UTC", "JSON", "HttpOnly", "SameSite",
    "Secure", "Partitioned", "Ctrl", "Esc", "Enter", "Acme", "Games", "Nadia", "acme", "nadia", "player", "example",
    "admin", "admins", "Deutsch", "English", "Esperanto", "HTTP", "CSV", "cURL", "second", "waits", "ada", "dev",
}  # fmt: skip


class Texts(HTMLParser):
    """Collects the texts and read attributes of a page."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.found, self.unread, self.stack = [], 0, []

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        is_unread = tag in UNREAD or "mono" in (attributes.get("class") or "").split() or tag == "time"
        if tag not in ("br", "hr", "img", "input", "link", "meta", "use"):
            self.stack.append((tag, is_unread))
            self.unread += is_unread
        self.found += [value for name, value in attrs if name in READ_ATTRIBUTES and value and not self.unread]

    def handle_endtag(self, tag):
        while self.stack:
            opened, is_unread = self.stack.pop()
            self.unread -= is_unread
            if opened == tag:
                break

    def handle_data(self, data):
        if not self.unread:
            self.found.append(data)


def find_escaped(html):
    """Return the texts of a page that hold an unmarked word."""
    reader = Texts()
    reader.feed(html)
    # A marked sentence may be cut by the elements in it, so marks are matched over the whole page.
    text = re.sub(r"\{\w+\}", "", "\n".join(reader.found))
    while _MARKED.search(text):
        text = _MARKED.sub(" ", text)
    return sorted({line.strip() for line in text.split("\n") if set(_WORD.findall(line)) - NAMES})


@pytest.fixture
def records(db):
    now = timezone.now()
    times = {"first_seen_at": now - timedelta(days=3), "last_seen_at": now, "checked_at": now}
    acme = make_integration(name="Acme Games", last_success_at=now)
    proof = {"first_authenticated_at": now, "last_authenticated_at": now, "tokens_issued": 2}
    user = make_login_user(integration=acme, user_id=USER, name="Nadia", email="nadia@player.example", **proof)
    visitor = make_visitor(integration=acme, visitor_id=VISITOR, name="Nadia", email="nadia@player.example", **times)
    run = make_run(integration=acme, state="stopped", stop_reason="budget")
    make_link(visitor=visitor, login_user=user, evidence_run=run)
    make_visitor(integration=acme, visitor_id="7700123.second", name="Nadia", **times)
    make_login_user(integration=acme, user_id="waits", name="Nadia", **proof)
    Conflict.objects.create(
        integration=acme, kind="relinked", visitor=visitor, login_user=user, subject="1|", evidence_run=run,
        first_seen_at=now, last_seen_at=now,
    )  # fmt: skip
    AuditEvent.objects.create(at=now, actor="ada", action="set_alarm", target="acme")


@pytest.fixture
def pseudo(client, settings):
    settings.LANGUAGES = [*settings.LANGUAGES, (CODE, "Pseudo")]
    person = make_person("admin")
    Preference.objects.create(user=person, language=CODE)
    client.force_login(person)
    with speak_pseudo():
        yield client


@pytest.mark.parametrize("path", PAGES)
def test_no_sentence_of_a_page_escapes_translation(pseudo, records, path):
    # A page that is not found knows nobody, and is in the language of the browser.
    html = pseudo.get(path, HTTP_ACCEPT_LANGUAGE=CODE).content.decode()
    assert BEGIN in html
    assert find_escaped(html) == []


class TestMark:
    def test_keeps_values_and_tags(self):
        assert mark("%(n)s of <b>{x}</b>").startswith(f"{BEGIN}%(n)s óf <b>{{x}}</b>")

    def test_makes_a_text_longer(self):
        assert len(mark("x" * 100)) >= 140

    def test_leaves_signs_alone(self):
        assert mark("·") == "·"


def test_an_unmarked_sentence_is_found():
    assert find_escaped(f"<p>{mark('Translated.')} Not this one</p>") == ["Not this one"]

"""The audit as sentences, with filters in the address."""

import ast
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from linking.dashboard.people.deeds import DEEDS, describe_fields
from linking.models import AuditEvent, Preference
from tests.factories import make_integration, make_login_user
from tests.linking.conftest import make_person
from tests.linking.dashboard.reading import read

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).parents[4]
AT = datetime(2026, 11, 29, 23, 30, tzinfo=UTC)


@pytest.fixture
def admin(sign_in):
    return sign_in("admin")


def record(action, *, actor="ada", target="acme", at=AT, fields=()):
    return AuditEvent.objects.create(at=at, actor=actor, action=action, target=target, fields=list(fields))


def sentences(browser, query=""):
    return [row.all("p")[1].text for row in read(browser.get(f"/audit/{query}")).all("li") if len(row.all("p")) > 1]


class TestSentences:
    def test_say_who_did_what(self, admin):
        record("integration.changed", fields=["name", "allowed_origins"])
        assert sentences(admin) == ["ada changed the integration acme ."]
        assert "name, allowed_origins" in admin.get("/audit/").content.decode()

    def test_of_an_unknown_deed_name_it(self, admin):
        record("something.new")
        assert sentences(admin) == ["ada : something.new acme"]

    def test_escape_names(self, admin):
        record("person.invited", actor="<script>x", target="%(actor)s<b>")
        text = admin.get("/audit/").content.decode()
        assert "<script>x" not in text
        assert "%(actor)s&lt;b&gt;" in text

    def test_name_a_player_and_lead_to_the_record(self, admin):
        player = make_login_user(integration=make_integration(), name="Nadia <b>")
        record("note.written", target=f"acme ~{player.pk}")
        row = read(admin.get("/audit/")).one(class_="deed-list")
        assert row.all("p")[1].text == "ada wrote a note on the player Nadia <b> ."
        assert "Nadia &lt;b&gt;" in admin.get(row.one("a").attributes["href"], follow=True).content.decode()

    def test_keep_the_key_of_a_player_who_is_gone(self, admin):
        record("note.written", target="acme ~404")
        assert sentences(admin) == ["ada wrote a note on the player acme ~404 ."]

    def test_are_in_the_time_zone_of_the_reader(self, client):
        person = make_person("admin")
        Preference.objects.create(user=person, time_zone="Europe/Berlin")
        client.force_login(person)
        record("set_alarm")
        assert "30 Nov 2026, 00:30 CET" in client.get("/audit/").content.decode()

    @pytest.mark.parametrize(
        ("word", "sentence"),
        [
            ("account made", "The account was created for this link."),
            ("promoted", "The account became an administrator."),
        ],
    )
    def test_say_what_became_of_an_account(self, admin, word, sentence):
        record("admin_link.made", fields=[word])
        assert sentence in admin.get("/audit/").content.decode()

    def test_shorten_many_fields(self):
        assert describe_fields([str(number) for number in range(14)]).endswith("10, 11 and 2 more")


class TestFilters:
    @pytest.fixture(autouse=True)
    def deeds(self, db):
        record("person.invited", actor="ada", target="nora")
        record("pause_sync", actor="lead", target="integration acme", at=AT - timedelta(days=3))
        record("person.signed_in", actor="nora", target="nora", at=AT - timedelta(days=1))

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("?person=nora", ["ada invited nora .", "nora signed in."]),
            ("?person=acme", ["lead paused the sync of integration acme ."]),
            ("?kind=sync", ["lead paused the sync of integration acme ."]),
            ("?from=2026-11-29", ["ada invited nora ."]),
            ("?to=2026-11-28&kind=sign_ins", ["nora signed in."]),
            ("?person=NORA", []),
        ],
    )
    def test_find(self, admin, query, found):
        assert sentences(admin, query) == found

    @pytest.mark.parametrize("query", ["?kind=all", "?from=yesterday", "?to=2026-13-01", "?from=9999-12-31"])
    def test_refuse_what_they_do_not_know(self, admin, query):
        assert admin.get(f"/audit/{query}").status_code == 400

    def test_leave_empty_ones_out_of_the_address(self, admin):
        assert admin.get("/audit/?person=&kind=sync").headers["Location"] == "/audit/?kind=sync"


class TestPages:
    def test_show_each_deed_once_also_with_equal_times(self, admin):
        for number in range(120):
            record("set_alarm", actor=f"a{number:03}")
        seen, query = [], ""
        for _page in range(3):
            seen += sentences(admin, query)
            links = [a for a in read(admin.get(f"/audit/{query}")).all("a", class_="btn") if a.text == "Older"]
            query = links[0].attributes["href"] if links else ""
        assert len(seen) == len(set(seen)) == 120


def read_modules():
    """Return (tree, texts by name of constant) of each module."""
    paths = [path for folder in ("linking", "zdbridge") for path in (ROOT / folder).rglob("*.py")]
    trees = [ast.parse(path.read_text()) for path in paths]
    return [(tree, dict(list_constants(tree))) for tree in trees]


def list_constants(tree):
    for node in tree.body:
        if isinstance(node, ast.Assign):
            target, value = node.targets[0], node.value
            is_list = isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple)
            pairs = zip(target.elts, value.elts, strict=False) if is_list else [(target, value)]
            for name, text in pairs:
                if isinstance(name, ast.Name) and isinstance(text, ast.Constant) and isinstance(text.value, str):
                    yield name.id, text.value


def list_actions(value, *, own, others):
    """Yield the texts that an argument can be: a text, a constant of its own module or of another, or one of two."""
    if isinstance(value, ast.Constant) and value.value:
        yield value.value
    elif isinstance(value, ast.IfExp):
        yield from list_actions(value.body, own=own, others=others)
        yield from list_actions(value.orelse, own=own, others=others)
    elif isinstance(value, ast.Name) and value.id in own:
        yield own[value.id]
    elif isinstance(value, ast.Attribute):
        yield from (constants[value.attr] for constants in others if "." in constants.get(value.attr, ""))


def actions_in_the_source():
    """Return every action that some call passes by name."""
    modules = read_modules()
    others = [constants for _tree, constants in modules]
    found = set()
    for tree, own in modules:
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            name = getattr(call.func, "attr", getattr(call.func, "id", ""))
            if name not in ("add_argument", "consume", "get_cache_key"):
                values = [keyword.value for keyword in call.keywords if keyword.arg == "action"]
                values += call.args[:1] if name == "_record" else []
                found |= {text for value in values for text in list_actions(value, own=own, others=others)}
    return found


def test_every_deed_has_a_sentence():
    found = actions_in_the_source()
    assert {"integration.removed", "person.invited", "pause_sync"} <= found
    assert found - set(DEEDS) == set()

"""Every sentence for a person is a whole sentence and goes through gettext."""

from pathlib import Path

import pytest

from tests.sentences import Flaw, find_all, find_flaws

ROOT = Path(__file__).resolve().parents[1]
# Places that hold text of three words for no person, or for one who reads English: a path, or a path and a name in it.
EXEMPT = {
    "linking/migrations/": "what models were called once, and statements for the database",
    "linking/models/sql/": "statements for the database",
    "linking/limits/sharing.py:_EXCHANGE": "a program for Redis",
    "linking/api/serializers.py": "the OpenAPI description, which is English",
    "linking/api/token_schema.py": "the OpenAPI description, which is English",
    "linking/api/diagnose.py:_REQUEST": "the OpenAPI description, which is English",
    "linking/api/v1.py:_NO_VISITOR": "the OpenAPI description, which is English",
    "linking/api/v1.py:_IN_ONE": "the OpenAPI description, which is English",
    "linking/api/v1.py:Visitors.get": "the OpenAPI description, which is English",
    "linking/api/webhooks.py:REFUSALS": "answers to Zendesk's servers, part of the JSON contract",
    "linking/accounts/single_sign_on/id_tokens.py": "why a token was refused, for the log alone",
    "linking/accounts/single_sign_on/flow.py:_fetch_claims": "why a token was refused, for the log alone",
    "linking/clients/openid_issuer.py": "why an issuer failed, for the log alone",
    "linking/clients/oauth_messages.py": "messages of errors for which callers have sentences of their own",
    "linking/clients/outbound.py:_Guarded._new_conn": "messages of errors of which only the kind is shown",
    "linking/clients/outbound.py:_connect": "messages of errors of which only the kind is shown",
    "linking/clients/zendesk_chat.py:ChatClient.visitor": "why a record cannot be read, stored with it in English",
    "linking/clients/zendesk_records.py": "why a record cannot be read, stored with it in English",
    "linking/sync/": "details that the history of syncs keeps in English",
    "linking/conflicts/bulk.py": "messages of errors for which pages have sentences of their own",
    "linking/conflicts/decisions.py": "messages of errors for which pages have sentences of their own",
    "linking/core/": "messages of errors for which callers have sentences of their own",
    "linking/search/keyset.py": "a damaged address, which only a program can write",
    "linking/search/shown_rows.py": "a damaged address, which only a program can write",
    "linking/dashboard/visitors/news.py:_count_new": "a damaged address, which only a program can write",
    "linking/dashboard/records/visitor_page.py": "messages of 404, for which the page has a sentence of its own",
    "linking/monitoring/metrics/": "help texts of metrics, which are English",
    "linking/tokens/clock_reading.py:_median": "the message of a programming error",
    "zdbridge/addresses.py": "a wrong variable, reported before Django is set up",
    "zdbridge/env.py": "a wrong variable, reported before Django is set up",
    "zdbridge/mail.py": "a wrong variable, reported before Django is set up",
    "zdbridge/postgresql/address.py": "a wrong variable, reported before Django is set up",
    "zdbridge/single_sign_on.py": "a wrong variable, reported before Django is set up",
    "zdbridge/settings.py": "a wrong variable, reported before Django is set up",
    "zdbridge/installation_doctor/services.py": "commands for a shell",
    "zdbridge/keys.py:HOW_TO_MAKE": "commands for a shell",
    "zdbridge/broker/folder_queue.py": "messages for the log of the worker",
    "zdbridge/serving/prompt_loop.py": "text for a debugger",
    "zdbridge/up/announce.py": "runs without Django, so that `up` starts at once",
    "zdbridge/up/bootstrap.py": "runs without Django, before it is installed",
    "zdbridge/up/demo_leftovers.py:ACTOR": "stored in the audit",
    "zdbridge/up/launch_plan.py": "runs without Django, so that `up` starts at once",
    "zdbridge/up/locks.py": "runs without Django, so that `up` starts at once",
    "zdbridge/up/prepare.py:explain_database_error": "words of the database, looked for in its message",
    "zdbridge/up/shared_environment.py": "runs without Django, so that `up` starts at once",
    "zdbridge/up/supervisor.py": "runs without Django, so that `up` starts at once",
}
SAMPLE = """
from django.utils.translation import gettext as _

def tell(name, count):
    '''A docstring of many words is none.'''
    {statement}
"""


def is_exempt(flaw: Flaw, *, by: str) -> bool:
    path, _colon, place = by.partition(":")
    is_inside = flaw.path.startswith(path) if path.endswith("/") else flaw.path == path
    return is_inside and (not place or flaw.place == place)


@pytest.fixture(scope="module")
def flaws():
    return find_all(root=ROOT, folders=("linking", "zdbridge"))


class TestSentences:
    def test_go_through_gettext_as_a_whole(self, flaws):
        assert [str(flaw) for flaw in flaws if not any(is_exempt(flaw, by=place) for place in EXEMPT)] == []

    @pytest.mark.parametrize("place", EXEMPT)
    def test_are_exempt_only_where_there_are_some(self, flaws, place):
        assert any(is_exempt(flaw, by=place) for flaw in flaws)


class TestFindFlaws:
    @pytest.mark.parametrize("statement", [
        "messages.error(request, 'The link has ended.')",
        "raise ValidationError('This is no token.')",
        "raise CommandError(f'There is no integration {name}.')",
        "field = forms.CharField(help_text='Leave empty to keep it.')",
        "self.stdout.write('Nothing was removed.')",
        "return Error('The key can be guessed.', hint=_('Create another one.'))",
        "return f\"{name}: {_('The rules hold.')}\"",
        "return _('The rules hold.') + ' ' + name",
        "return name + _('is not a setting.') % {}",
        "return _(f'There is no {name} here.')",
        "return _('There is no ' + name)",
    ])  # fmt: skip
    def test_finds_a_sentence_that_cannot_be_translated(self, statement):
        assert len(list(find_flaws(SAMPLE.format(statement=statement), path="x.py"))) == 1

    @pytest.mark.parametrize("statement", [
        "return _('There is no %(name)s here.') % {'name': name}",
        "return ngettext('There is one left.', 'There are more left.', count)",
        "return f'{name}: {count}'",
        "_log.warning('A mail was not sent: %s', name)",
        "raise ValueError('A path begins with a slash.')",
        "return re.compile('one two three')",
        "cursor.execute('SELECT number FROM table WHERE id = 1')",
        "return 'two words'",
    ])  # fmt: skip
    def test_finds_nothing_wrong_with_others(self, statement):
        assert list(find_flaws(SAMPLE.format(statement=statement), path="x.py")) == []

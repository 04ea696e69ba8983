from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.checks import run_checks
from django.core.management import call_command

from linking.models import AuditEvent, Integration, Visitor
from tests.factories import make_integration, make_visitor
from zdbridge.up import demo, demo_leftovers
from zdbridge.up.launch_plan import PreparePlan
from zdbridge.up.prepare import CannotPrepare, _handle_leftovers

SANDBOX = Path(__file__).resolve().parents[3] / "sandbox"
NOW = datetime(2026, 11, 30, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def tried_out(settings, tmp_path: Path) -> Path:
    """A data folder and a database as a try-out leaves them, beside an integration and a person of one's own."""
    settings.LINKING = {**settings.LINKING, "ALLOW_LOOPBACK": True}
    settings.DATA_DIR = tmp_path
    demo.make_people(data_dir=tmp_path)
    demo.make_integrations(folder=SANDBOX, sandbox_port=9100, data_dir=tmp_path)
    make_integration()
    User.objects.create_user("sam", email="sam@example.com", password="chosen by sam")
    return tmp_path


def find(data_dir: Path) -> demo_leftovers.DemoLeftovers:
    return demo_leftovers.find_leftovers(data_dir=data_dir, folder=SANDBOX)


def purge(data_dir: Path) -> list[str]:
    return demo_leftovers.purge(leftovers=find(data_dir), data_dir=data_dir, folder=SANDBOX, now=NOW)


class TestFindLeftovers:
    def test_finds_nothing_where_nothing_was_tried_out(self, tmp_path):
        make_integration()
        User.objects.create_user("agent", email="agent@example.com", password="a colleague's own")
        assert find(tmp_path).is_empty
        assert find(tmp_path).describe() == ""

    def test_finds_people_and_integrations(self, tried_out):
        found = find(tried_out)
        assert (found.people, found.slugs, found.secrets) == (
            ("admin", "agent", "developer", "lead"),
            ("demo", "demo-messaging", "demo-rs256"),
            (),
        )

    def test_tells_of_the_demos_app_key_elsewhere(self, tried_out):
        """Its private half is in the sandbox's folder, so anybody could start the panel of that integration."""
        key = Integration.objects.get(slug="demo").zendesk_app_public_key
        Integration.objects.filter(slug="acme").update(zendesk_app_public_key=key)
        assert find(tried_out).secrets == (("acme", "zendesk_app_public_key"),)

    def test_leaves_out_a_person_whose_password_was_changed(self, tried_out):
        lead = User.objects.get(username="lead")
        lead.set_password("chosen by the lead")
        lead.save()
        assert find(tried_out).people == ("admin", "agent", "developer")

    def test_knows_the_printed_password_under_another_hash(self, tried_out):
        # Signing in hashes a password anew where the rules for hashing have changed.
        lead = User.objects.get(username="lead")
        lead.set_password(demo.read_sign_ins(data_dir=tried_out)["lead"]["password"])
        lead.email = "lead@example.com"
        lead.save()
        assert "lead" in find(tried_out).people

    def test_goes_by_the_address_where_the_passwords_are_lost(self, tried_out):
        (tried_out / demo.SIGN_INS).unlink()
        User.objects.filter(username="admin").update(email="kim@example.com")
        assert find(tried_out).people == ("agent", "developer", "lead")

    def test_leaves_out_an_integration_that_points_elsewhere_but_tells_of_its_secrets(self, tried_out):
        Integration.objects.filter(slug="demo").update(login_project_id="00000000-0000-4000-8000-000000000000")
        found = find(tried_out)
        assert found.slugs == ("demo-messaging", "demo-rs256")
        assert ("demo", "login_secret_key") in found.secrets
        assert "Integration demo uses the demo's login_secret_key" in found.describe()


class TestPurge:
    def test_takes_the_demo_away_and_nothing_else(self, tried_out):
        make_visitor(integration=Integration.objects.get(slug="demo"))
        kept = make_visitor(integration=Integration.objects.get(slug="acme"))
        purge(tried_out)
        assert list(User.objects.values_list("username", flat=True)) == ["sam"]
        assert list(Integration.objects.values_list("slug", flat=True)) == ["acme"]
        assert list(Visitor.objects.values_list("pk", flat=True)) == [kept.pk]
        assert find(tried_out).is_empty
        assert not (tried_out / demo.SIGN_INS).exists()

    def test_says_and_records_each(self, tried_out):
        said = purge(tried_out)
        assert said[0] == "Removed the integration demo with its visitors, users, links and runs."
        assert said[3:] == [f"Removed the account {name}." for name in ("admin", "agent", "developer", "lead")]
        events = AuditEvent.objects.filter(actor=demo_leftovers.ACTOR).order_by("pk").values_list("action", "target")
        assert {target for _action, target in events} == {
            "demo",
            "demo-messaging",
            "demo-rs256",
            "admin",
            "agent",
            "developer",
            "lead",
        }

    def test_keeps_a_person_whose_password_was_changed_for_good(self, tried_out):
        lead = User.objects.get(username="lead")
        lead.set_password("chosen by the lead")
        lead.save()
        assert "Kept the account lead, because its password was changed." in purge(tried_out)
        assert find(tried_out).is_empty

    def test_does_nothing_the_second_time(self, tried_out):
        purge(tried_out)
        assert purge(tried_out) == []


class TestCommand:
    def test_says_what_it_would_do_and_does_nothing(self, tried_out):
        output = StringIO()
        call_command("purge_demo", "--dry-run", stdout=output)
        assert "Demo accounts with printed passwords exist: admin, agent, developer, lead." in output.getvalue()
        assert User.objects.count() == 5

    def test_does_it_and_says_so(self, tried_out):
        output = StringIO()
        call_command("purge_demo", stdout=output)
        assert output.getvalue().count("Removed the") == 7
        call_command("purge_demo", stdout=output)
        assert output.getvalue().endswith("Nothing of the demo is left.\n")


class TestCheck:
    def test_tells_before_a_deployment(self, tried_out):
        found = run_checks(include_deployment_checks=True, databases=["default"])
        assert [one.id for one in found if one.id.startswith("zdbridge.E")] == ["zdbridge.E003"]

    def test_is_silent_afterwards(self, tried_out):
        purge(tried_out)
        found = run_checks(include_deployment_checks=True, databases=["default"])
        assert [one.id for one in found if one.id.startswith("zdbridge.E")] == []


def plan(*, has_sandbox: bool = False, is_purging: bool = False) -> PreparePlan:
    return PreparePlan(
        is_whole=True,
        has_web=False,
        has_demo=False,
        has_sandbox=has_sandbox,
        is_purging=is_purging,
        sandbox_port=9100,
        result="",
    )


class TestStart:
    def test_is_refused_beside_a_public_host(self, tried_out, settings):
        settings.IS_REACHABLE = True
        with pytest.raises(CannotPrepare, match="Remove demo accounts and demo integrations with: python3"):
            _handle_leftovers(plan())

    def test_goes_on_once_they_are_taken_away(self, tried_out, settings, capsys):
        settings.IS_REACHABLE = True
        _handle_leftovers(plan(is_purging=True))
        assert "Removed the account admin." in capsys.readouterr().out
        _handle_leftovers(plan())

    def test_goes_on_for_people_of_this_machine_and_beside_the_sandbox(self, tried_out, settings):
        settings.IS_REACHABLE = False
        _handle_leftovers(plan())
        settings.IS_REACHABLE = True
        _handle_leftovers(plan(has_sandbox=True))

    def test_is_refused_for_a_secret_that_everybody_knows(self, tried_out, settings):
        Integration.objects.filter(slug="demo").update(slug="ours")
        settings.IS_REACHABLE = True
        with pytest.raises(CannotPrepare, match="Integration ours uses the demo's login_secret_key"):
            _handle_leftovers(plan(is_purging=True))

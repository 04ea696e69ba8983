"""`manage.py person`, as an officer uses it."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from linking import privacy
from linking.models import AuditEvent, LoginUser, PlayerNote, Visitor
from linking.models.erasure import ErasureReceipt
from tests.factories import USER_ID, make_integration
from tests.linking.privacy.people import EMAIL, PHONE, VISITOR_ID, make_nadia

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nadia():
    make_nadia(make_integration())


def run(*arguments):
    out = io.StringIO()
    call_command("person", *arguments, stdout=out, stderr=out)
    return out.getvalue()


class TestExport:
    @pytest.mark.parametrize(
        "name", [("--user", USER_ID), ("--visitor", VISITOR_ID), ("--email", EMAIL)], ids=["user", "visitor", "email"]
    )
    def test_prints_all_that_is_kept(self, name):
        data = json.loads(run("export", *name))
        assert data["kept"]["linking.visitor"][0]["phone"] == PHONE
        assert data["kept"]["linking.playernote"][0]["text"] == PlayerNote.objects.get().text
        tables = {table.label for table in privacy.TABLES}
        assert tables - set(data["kept"]) == {"linking.waitingwords"}  # she has been seen in Chat

    def test_is_in_the_audit(self):
        run("export", "--user", USER_ID)
        event = AuditEvent.objects.get(action="person.exported_data")
        assert (event.actor, event.target) == ("command line", f"acme {USER_ID}")

    def test_only_counts_when_tried(self):
        text = run("export", "--user", USER_ID, "--dry-run")
        assert "       1  linking.loginuser" in text
        assert EMAIL not in text


class TestErase:
    def test_prints_a_receipt_that_verify_takes(self, tmp_path):
        file = tmp_path / "receipt.json"
        file.write_text(run("erase", "--user", USER_ID, "--integration", "acme"))
        assert (Visitor.objects.count(), LoginUser.objects.count()) == (0, 0)
        assert run("verify", str(file)).strip() == "The receipt is genuine."

    def test_changes_nothing_when_tried(self):
        run("erase", "--user", USER_ID, "--dry-run")
        assert (Visitor.objects.count(), ErasureReceipt.objects.count()) == (1, 0)

    def test_says_where_nothing_was_kept(self):
        assert "Nothing was kept under this ID" in run("erase", "--user", "somebody-else")

    def test_refuses_an_unknown_integration(self):
        with pytest.raises(CommandError, match="no integration other"):
            run("erase", "--user", USER_ID, "--integration", "other")


class TestVerify:
    def test_refuses_what_was_changed(self, tmp_path):
        file = tmp_path / "receipt.json"
        file.write_text(run("erase", "--user", USER_ID).replace('"linking.visitor": 1', '"linking.visitor": 2'))
        with pytest.raises(CommandError, match="not written by this installation"):
            run("verify", str(file))


class TestReadmit:
    def test_lifts_an_erasure(self):
        run("erase", "--email", EMAIL)
        assert "Readmitted" in run("readmit", "--user", USER_ID)

    def test_refuses_where_nobody_was_erased(self):
        with pytest.raises(CommandError, match="Nobody was erased"):
            run("readmit", "--user", USER_ID)

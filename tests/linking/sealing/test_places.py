"""The list of what is sealed is complete."""

import ast
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from django.apps import apps

from linking.fields import SealedTextField
from linking.sealing.places import COLUMNS, walk_rows

ROOT = Path(__file__).resolve().parents[3] / "linking"
# Who seals, and into which column. A new place that seals needs a row here and one in COLUMNS.
SEALERS = {
    "models/erasure.py": "erasure_key",
    "integrations/drafts.py": "draft_secrets",
    "models/people/factor.py": "second_factors",
    "models/fingerprint.py": "fingerprint_key",
    "models/integration.py": "integration_secrets",
    "monitoring/alarms.py": "alarm_webhook",
    "sync/messaging/support_tokens.py": "support_tokens",
    "sync/store/connections.py": "refresh_tokens",
}


def find_sealers():
    """Return the modules that call `….seal(…)`, but for the room that moves what is sealed."""
    for path in sorted(ROOT.rglob("*.py")):
        name = str(path.relative_to(ROOT))
        calls = (node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))
        is_sealer = any(isinstance(call, ast.Attribute) and call.attr == "seal" for call in calls)
        if is_sealer and not name.startswith(("sealing/", "core/", "migrations/")):
            yield name


class TestColumns:
    def test_name_every_sealed_column_of_the_tables(self):
        columns = {
            (model, field.name)
            for model in apps.get_models()
            for field in model._meta.local_fields
            if isinstance(field, SealedTextField)
        }
        listed = {(column.model, column.column) for column in COLUMNS}
        assert listed - columns == {(Authenticator, "data")}
        assert columns - listed == set()

    def test_are_fed_by_every_module_that_seals(self):
        assert dict.fromkeys(find_sealers()) == dict.fromkeys(SEALERS)
        assert set(SEALERS.values()) == {column.name for column in COLUMNS}

    @pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.name)
    def test_find_the_values_of_a_row(self, column, everything):
        assert [part.text[:3] for row in walk_rows(column, batch=1) for part in column.list_parts(row)].count("v1:") > 0

    @pytest.mark.parametrize("data", [{"credential": {"id": "x"}}, {"used_mask": 0}])
    def test_find_nothing_secret_in_a_passkey(self, data):
        (column,) = (one for one in COLUMNS if one.name == "second_factors")
        assert column.list_parts(Authenticator(data=data)) == []

    def test_find_codes_that_came_from_another_product(self):
        (column,) = (one for one in COLUMNS if one.name == "second_factors")
        parts = {part.path: part.text for part in column.list_parts(Authenticator(data={"migrated_codes": ["a", "b"]}))}
        assert parts == {("migrated_codes", 0): "a", ("migrated_codes", 1): "b"}

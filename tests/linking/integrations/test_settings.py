"""The table of settings names what the stored fields, the configuration and the docs name."""

import re
from dataclasses import fields
from pathlib import Path

from linking.core.config import IntegrationConfig, SecretName
from linking.integrations import KEYS, SECRETS, SETTINGS
from linking.models import Integration

DOCS = Path(__file__).resolve().parents[3] / "docs" / "settings.md"
# What an integration has besides settings.
IDENTITY = {"slug"}
DERIVED = {"integration_id", "slug", "blocked_user_ids", "is_host_sought"}
CONFIG = [field for field in fields(IntegrationConfig) if field.name not in DERIVED]


class TestSettings:
    def test_are_the_editable_fields_of_the_model(self):
        editable = {
            field.name for field in Integration._meta.local_fields if field.editable and not field.primary_key
        } - IDENTITY
        assert {setting.name for setting in SETTINGS} == editable

    def test_are_every_field_of_the_configuration(self):
        stored = [field.metadata.get("secret") or field.metadata.get("column", field.name) for field in CONFIG]
        assert sorted(stored) == sorted(KEYS)

    def test_are_every_secret(self):
        assert {secret.name for secret in SECRETS} == set(SecretName)

    def test_are_the_rows_of_the_docs(self):
        rows = re.findall(r"^\| `([a-z_]+)` \|", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
        assert set(rows) - {"agents", "leads", "admins", "developers"} == set(KEYS)

    def test_label_every_choice_that_the_model_knows(self):
        labelled = {setting.name: {str(word) for word in setting.choices} for setting in SETTINGS if setting.choices}
        choices = {
            field.name: {word for word, _label in field.choices}
            for field in Integration._meta.local_fields
            if field.choices
        }
        assert labelled == choices

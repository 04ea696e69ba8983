"""The list of what is kept of a person is whole."""

from django.apps import apps
from django.db import models

from linking.privacy import HOLD_NOBODY, TABLES, list_unlisted
from linking.privacy.kept import names_person


class TestTables:
    def test_and_those_that_hold_nobody_are_all_there_are(self):
        assert list_unlisted() == []

    def test_are_named_once_and_exist(self):
        labels = [table.label for table in TABLES] + list(HOLD_NOBODY)
        known = {model._meta.label_lower for model in apps.get_models()}
        assert (sorted(labels), set(labels) - known) == (sorted(set(labels)), set())

    def test_that_hold_nobody_refer_to_no_player_and_no_visitor(self):
        people = {table.model for table in TABLES}
        pointing = [
            f"{label}.{field.name}"
            for label in HOLD_NOBODY
            for field in apps.get_model(label)._meta.get_fields()
            if isinstance(field, models.ForeignKey) and field.related_model in people
        ]
        assert pointing == []


class TestNamesPerson:
    def test_reads_what_a_query_string_says(self):
        class Nadia:
            words = frozenset({"nadia+x@player.example", "abc"})

        assert names_person("?q=Nadia%2Bx%40player.example", subject=Nadia)
        assert not names_person("?q=abc", subject=Nadia)

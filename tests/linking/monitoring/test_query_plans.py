import pytest
from django.db import connection

from linking.monitoring import query_plans
from tests.factories import make_integration, make_visitor

pytestmark = pytest.mark.django_db


class TestSampleTables:
    @pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL samples its tables itself")
    def test_leaves_what_sqlite_chooses_an_index_by(self):
        make_visitor(integration=make_integration())
        query_plans.sample_tables()
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM sqlite_stat1 WHERE tbl = 'linking_visitor' AND idx = 'visitor_newest'")
            assert cursor.fetchone() == (1,)

    @pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite samples nothing by itself")
    def test_asks_postgresql_nothing(self, django_assert_num_queries):
        with django_assert_num_queries(0):
            query_plans.sample_tables()

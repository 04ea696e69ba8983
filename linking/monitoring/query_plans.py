"""What SQLite knows of its tables when it chooses an index. PostgreSQL's autovacuum sees to its own."""

from django.db import connection

# Rows that SQLite reads of each index. Its documentation recommends 100 to 1,000: a million visitors take 0.1 s.
# Source: https://www.sqlite.org/lang_analyze.html (2026-11-30)
ROWS_OF_AN_INDEX = 400


def sample_tables() -> None:
    """Have SQLite sample its indexes, without which it takes any index on a state for a good one."""
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA analysis_limit = {ROWS_OF_AN_INDEX}")
        cursor.execute("ANALYZE")

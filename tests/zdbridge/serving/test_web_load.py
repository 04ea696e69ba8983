"""What the web role's processes share must survive the fork that parts them."""

import json
import subprocess
import sys

REPORT = """
import gc, json, sys, threading
from zdbridge.serving import web
web.load()
from django.db import connections
print(json.dumps({
    "threads": threading.active_count(),
    "open_connections": sum(one.connection is not None for one in connections.all(initialized_only=True)),
    "frozen": gc.get_freeze_count(),
    "modules": sorted(sys.modules),
}))
"""


class TestLoad:
    def test_imports_the_product_and_begins_nothing(self):
        shown = subprocess.run([sys.executable, "-W", "ignore", "-c", REPORT], check=True, capture_output=True)
        report = json.loads(shown.stdout)
        assert (report["threads"], report["open_connections"]) == (1, 0)
        assert report["frozen"] > 100_000
        assert {"linking.tokens.endpoint", "linking.dashboard.visitors.saved_views"} <= set(report["modules"])
        assert "zdbridge.rsgi" not in report["modules"]

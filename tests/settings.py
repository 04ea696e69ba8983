"""The product's settings with a data folder that is thrown away; DATABASE_URL and REDIS_URL are kept when set."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

_folder = Path(tempfile.mkdtemp(prefix="zdbridge-tests-"))
atexit.register(shutil.rmtree, _folder, ignore_errors=True)
os.environ["ZDBRIDGE_DATA_DIR"] = str(_folder)
for _name in (
    "ZDBRIDGE_ALLOWED_HOSTS",
    "ZDBRIDGE_TRUSTED_PROXIES",
    "ZDBRIDGE_SECRET_KEY",
    "ZDBRIDGE_SECRET_KEY_FALLBACKS",
    "ZDBRIDGE_SEAL_KEYS",
    "EMAIL_URL",
):
    os.environ.pop(_name, None)

from zdbridge.settings import *  # noqa: E402, F403
from zdbridge.settings import DATABASES  # noqa: E402

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, as in production: threads and processes of one test must meet the same locks.
    DATABASES["default"]["TEST"] = {"NAME": str(_folder / "test.sqlite3")}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

"""The one settings file. `zdbridge.env` reads what an operator may set; the rest is decided here."""

import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import quote

from cryptography.fernet import Fernet
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from zdbridge import VERSION

# Every process with settings may queue a task, so the application that `shared_task` looks up is created here.
from zdbridge import celery as _celery  # noqa: F401
from zdbridge.addresses import read_database, read_redis
from zdbridge.env import LOOPBACK_NAMES, BadSetting, Environment, find_data_dir, is_loopback
from zdbridge.mail import NOT_SET, read_mail_settings
from zdbridge.private import make_private_database
from zdbridge.serving.bodies import BODY_MAX_BYTES
from zdbridge.single_sign_on import read_groups_with_factor, read_single_sign_on

BASE_DIR = Path(__file__).resolve().parent.parent
ENV = Environment(source=os.environ)
TOKEN_LIMIT_MAX = 1_000_000
# What ZDBRIDGE_HSTS may be, from the strictest down, and the checks of `check --deploy` that each answers.
HSTS_CHECKS_SILENCED: dict[str, list[str]] = {
    "preload": [],
    "subdomains": ["security.W021"],
    "host": ["security.W005", "security.W021"],
    "off": ["security.W004"],
}

try:
    # --- what an operator may set (see .env.example) -----------------------------------------------------------
    DATA_DIR = find_data_dir(ENV)
    DATABASE_URL = ENV.read_text("DATABASE_URL", default=f"sqlite:///{quote(str(DATA_DIR / 'zdbridge.sqlite3'))}")
    DATABASES: dict[str, dict[str, Any]] = {"default": read_database(DATABASE_URL)}
    REDIS = read_redis(ENV.read_url("REDIS_URL", default="", schemes=("redis", "rediss", "unix")))
    REDIS_URL = REDIS.url
    SECRET_KEY = ENV.read_or_create_secret(
        "ZDBRIDGE_SECRET_KEY", path=DATA_DIR / "secret_key", create=lambda: secrets.token_urlsafe(64)
    )
    SECRET_KEY_FALLBACKS = list(ENV.read_words("ZDBRIDGE_SECRET_KEY_FALLBACKS"))
    SEAL_KEYS = tuple(
        ENV.read_or_create_secret(
            "ZDBRIDGE_SEAL_KEYS", path=DATA_DIR / "seal_keys", create=lambda: Fernet.generate_key().decode()
        ).split(",")
    )
    HOST = ENV.read_text("ZDBRIDGE_HOST", default="127.0.0.1")
    PORT = ENV.read_integer("ZDBRIDGE_PORT", default=8000, low=1, high=65535)
    # Only `up` uses these two; they are read here so that every command refuses a bad value.
    ENV.read_boolean("ZDBRIDGE_SANDBOX", default=True)
    ENV.read_integer("ZDBRIDGE_SANDBOX_PORT", default=9100, low=1, high=65535)
    DEMO_SHOP_URL = ENV.read_url("ZDBRIDGE_DEMO_SHOP_URL", default="", schemes=("http", "https"))
    ALLOW_LOOPBACK = ENV.read_boolean("ZDBRIDGE_ALLOW_LOOPBACK", default=False)
    ALLOWED_HOSTS = list(ENV.read_hosts("ZDBRIDGE_ALLOWED_HOSTS"))
    TRUSTED_PROXIES = ENV.read_networks("ZDBRIDGE_TRUSTED_PROXIES")
    TOKEN_LIMIT_PER_ADDRESS = ENV.read_integer(
        "ZDBRIDGE_TOKEN_LIMIT_PER_ADDRESS", default=600, low=0, high=TOKEN_LIMIT_MAX
    )
    TOKEN_LIMIT_PER_USER = ENV.read_integer("ZDBRIDGE_TOKEN_LIMIT_PER_USER", default=60, low=0, high=TOKEN_LIMIT_MAX)
    TOKEN_FRONT = ENV.read_boolean("ZDBRIDGE_TOKEN_FRONT", default=True)
    SENTRY_DSN = ENV.read_url("SENTRY_DSN", default="", schemes=("https", "http"))
    LOG_LEVEL = ENV.read_choice("ZDBRIDGE_LOG_LEVEL", choices=("info", "debug", "warning", "error")).upper()
    KEEP_REFUSALS_DAYS = ENV.read_days("ZDBRIDGE_KEEP_REFUSALS_DAYS", default=14)
    KEEP_VISITORS_DAYS = ENV.read_days("ZDBRIDGE_KEEP_VISITORS_DAYS", default=None)
    KEEP_LINKS_DAYS = ENV.read_days("ZDBRIDGE_KEEP_LINKS_DAYS", default=None)
    KEEP_NOTES_DAYS = ENV.read_days("ZDBRIDGE_KEEP_NOTES_DAYS", default=None)
    KEEP_RUNS_DAYS = ENV.read_days("ZDBRIDGE_KEEP_RUNS_DAYS", default=30)
    KEEP_AUDIT_DAYS = ENV.read_days("ZDBRIDGE_KEEP_AUDIT_DAYS", default=365)
    KEEP_SIGN_INS_DAYS = ENV.read_days("ZDBRIDGE_KEEP_SIGN_INS_DAYS", default=90)
    KEEP_UNREADABLE_DAYS = ENV.read_days("ZDBRIDGE_KEEP_UNREADABLE_DAYS", default=90)
    BLANK_GONE_DAYS = ENV.read_days("ZDBRIDGE_BLANK_GONE_DAYS", default=30)
    IDS_ONLY = ENV.read_boolean("ZDBRIDGE_IDS_ONLY", default=False)
    AUDIT_VIEWS = ENV.read_boolean("ZDBRIDGE_AUDIT_VIEWS", default=False)
    HSTS = ENV.read_choice("ZDBRIDGE_HSTS", choices=tuple(HSTS_CHECKS_SILENCED))
    REFERENCE_PREFIX = ENV.read_prefix("ZDBRIDGE_REFERENCE_PREFIX")
    REFERENCE_FOLDER = ENV.read_folder("ZDBRIDGE_REFERENCE_FOLDER", apart_from=DATA_DIR)
    ROTATE_SECRETS_DAYS = ENV.read_integer("ZDBRIDGE_ROTATE_SECRETS_DAYS", default=0, low=0, high=3650)
    REQUIRE_MFA = read_groups_with_factor(ENV)
    SINGLE_SIGN_ON = read_single_sign_on(ENV)
    MAIL = read_mail_settings(env=ENV, hosts=ALLOWED_HOSTS)
    XSOLLA_LOGIN_API_URL = ENV.read_url(
        "XSOLLA_LOGIN_API_URL", default="https://login.xsolla.com/api", schemes=("https", "http")
    ).rstrip("/")
    for _key in SEAL_KEYS:
        try:
            Fernet(_key.strip().encode())
        except ValueError as error:
            raise BadSetting(
                "ZDBRIDGE_SEAL_KEYS must list Fernet keys (32 bytes in url-safe base64), newest first."
            ) from error
except BadSetting as error:
    raise ImproperlyConfigured(str(error)) from error

# With a public host name the product speaks https only: secure cookies, HSTS and the redirect depend on this.
IS_PUBLIC = any(host not in LOOPBACK_NAMES for host in ALLOWED_HOSTS)
# Whether other machines can connect; what is meant for a try-out only is refused then.
IS_REACHABLE = IS_PUBLIC or not is_loopback(HOST)

# --- Django ------------------------------------------------------------------------------------------------------
DEBUG = False
ROOT_URLCONF = "zdbridge.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
APPEND_SLASH = True

INSTALLED_APPS = [
    "linking.apps.LinkingConfig",
    "zdbridge.apps.InstallationConfig",
    "linking.apps.BridgeAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "corsheaders",
    "csp",
    "django_htmx",
    "drf_spectacular",
    "rest_framework",
    "rest_framework.authtoken",
]
MIDDLEWARE = [
    "zdbridge.watching.request_ids.RequestIDs",
    "linking.api.response_counts.ResponseCounts",
    "linking.api.probe_hosts.ProbesByAnyHost",
    "corsheaders.middleware.CorsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "zdbridge.headers.StrictHeaders",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "linking.accounts.sessions.SessionsThatCount",
    # A view requires a sign-in unless it says otherwise.
    "linking.api.closed_by_default.ClosedByDefault",
    "linking.dashboard.accounts.language.InOwnLanguage",
    "linking.dashboard.accounts.time_zone.InOwnTimeZone",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["linking.dashboard.shell.times", "linking.dashboard.shell.cells"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "linking.dashboard.shell.context.add_frame",
            ],
        },
    }
]

# --- database ----------------------------------------------------------------------------------------------------
DATABASES["default"] |= {
    "ATOMIC_REQUESTS": False,
    # Opening a connection takes longer than most queries: with SQLite, two milliseconds during which no token is
    # answered.
    "CONN_MAX_AGE": 60,
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATA_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
    if DATABASES["default"]["NAME"] == str(DATA_DIR / "zdbridge.sqlite3"):
        make_private_database(DATA_DIR / "zdbridge.sqlite3")

# --- cache and Celery ----------------------------------------------------------------------------------------------
CACHE_MAX_ENTRIES = 10_000
CACHES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "zdbridge",
        # Counts of sign-in attempts: an attacker who invents names must not evict the counts of other names.
        "OPTIONS": {"MAX_ENTRIES": CACHE_MAX_ENTRIES},
    }
}
if REDIS_URL:
    CACHES["default"] = {
        "BACKEND": "zdbridge.cache.PatientCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "zdbridge-cache",
    }

TICK_S = 5
COUNT_S = 300
COUNT_ROWS_S = 30
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BEAT_SCHEDULER = "zdbridge.steady_beat:SteadyScheduler"
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat-schedule")
# The scheduler only triggers; a query finds what is due. A trigger that no worker takes in time is worthless.
CELERY_BEAT_SCHEDULE = {
    "tick": {"task": "linking.tasks.tick", "schedule": TICK_S, "options": {"expires": TICK_S}},
    "ask": {"task": "linking.tasks.answer_questions", "schedule": TICK_S, "options": {"expires": TICK_S}},
    "count": {"task": "linking.tasks.count_and_prune", "schedule": COUNT_S, "options": {"expires": COUNT_S}},
    "rows": {"task": "linking.tasks.count_rows", "schedule": COUNT_ROWS_S, "options": {"expires": COUNT_ROWS_S}},
}
# What people request has a queue and a worker of its own: it delays neither ticks nor passes, and long passes do not
# delay it.
CELERY_TASK_ROUTES = {
    # The worker alternates between the two queues, so that a waiting person is not behind many refreshes.
    "linking.tasks.answer_questions": {"queue": "ask"},
    "linking.tasks.refresh_visitor": {"queue": "refresh"},
}
if REDIS_URL:
    CELERY_BROKER_URL = REDIS.broker_url
    CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {
        "visibility_timeout": 900,  # longer than any task
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "global_keyprefix": "zdbridge:",
        "health_check_interval": 10,
        "socket_timeout": 5,
        "socket_connect_timeout": 2,
        "socket_keepalive": True,
    }
    CELERY_TASK_SOFT_TIME_LIMIT = 240
    CELERY_TASK_TIME_LIMIT = 300
    CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 5  # `up` promises to have ended everything within 10 s
    CELERY_WORKER_ENABLE_SOFT_SHUTDOWN_ON_IDLE = True
    CELERY_WORKER_MAX_TASKS_PER_CHILD = 500
    CELERY_WORKER_MAX_MEMORY_PER_CHILD = 300_000
    CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
else:
    CELERY_BROKER_URL = "folder://localhost"
    CELERY_BROKER_TRANSPORT = "zdbridge.broker.folder_broker:FolderTransport"
    CELERY_BROKER_TRANSPORT_OPTIONS = {"folder": str(DATA_DIR / "queue")}

# --- sign-in -------------------------------------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = ["linking.accounts.sign_in.PersonBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
] + [
    {"NAME": "linking.accounts.passwords.HouseWordsValidator"},
    {"NAME": "linking.accounts.admin_passwords.AdminLength"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "linking.accounts.sign_in.ClosedSignupAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "/accounts/login/"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_EMAIL_NOTIFICATIONS = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = "zdbridge: "
# Otherwise anyone could make this server send mail to any address.
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ALLAUTH_TRUSTED_PROXY_COUNT = 0  # zdbridge.serving.proxies puts the client's own address into REMOTE_ADDR
MFA_ADAPTER = "linking.accounts.sign_in.FactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_TOTP_ISSUER = "zdbridge"
# The rule protects against a sign-up with another person's address. Here administrators create the accounts.
MFA_ALLOW_UNVERIFIED_EMAIL = True
SESSION_COOKIE_AGE = 8 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"

# --- mail ------------------------------------------------------------------------------------------------------------
HAS_MAIL = MAIL["EMAIL_BACKEND"] != NOT_SET["EMAIL_BACKEND"]
globals().update(MAIL)
EMAIL_SUBJECT_PREFIX = ACCOUNT_EMAIL_SUBJECT_PREFIX

# --- transport security ----------------------------------------------------------------------------------------------
# The product accepts no files: `zdbridge.serving.bodies` refuses them, and behind another server they are dropped.
FILE_UPLOAD_HANDLERS: list[str] = []
DATA_UPLOAD_MAX_MEMORY_SIZE = BODY_MAX_BYTES
USE_X_FORWARDED_HOST = False
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_PUBLIC
SESSION_COOKIE_NAME = "__Host-sessionid" if IS_PUBLIC else "zdbridge_sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken" if IS_PUBLIC else "zdbridge_csrftoken"
CSRF_TRUSTED_ORIGINS = [f"https://{host.lstrip('.')}" for host in ALLOWED_HOSTS if host not in LOOPBACK_NAMES]
SECURE_SSL_REDIRECT = IS_PUBLIC
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 31_536_000 if IS_PUBLIC and HSTS != "off" else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = IS_PUBLIC and HSTS in ("preload", "subdomains")
SECURE_HSTS_PRELOAD = IS_PUBLIC and HSTS == "preload"
# Django reports less than its maximum; an operator who asked for less knows.
SILENCED_SYSTEM_CHECKS = HSTS_CHECKS_SILENCED[HSTS]
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "img-src": [SELF, "data:"],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
# The token route answers CORS itself, because its origins belong to one integration. These settings are for the JSON
# API, which pages of a Zendesk account may call with an API token and without cookies.
CORS_URLS_REGEX = r"^/api/v1/"
CORS_ALLOW_CREDENTIALS = False
CORS_ALLOW_METHODS = ["GET", "HEAD", "OPTIONS", "POST"]

# --- REST framework --------------------------------------------------------------------------------------------------
REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "linking.api.token_authentication.ByAPIToken",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "EXCEPTION_HANDLER": "linking.api.errors.answer_with_detail",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "zdbridge",
    "DESCRIPTION": "Which Zendesk Chat visitor is which Xsolla Login user.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "ENUM_NAME_OVERRIDES": {"VisitorStateEnum": "linking.models.visitor.VISITOR_STATE_CHOICES"},
}

# --- language, time, static files ------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("de", _("German"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"  # for people who have not chosen one
FORMAT_MODULE_PATH = ["zdbridge.formats"]
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
# Static files are public, and a web server of another account may serve them.
FILE_UPLOAD_PERMISSIONS, FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o644, 0o755
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# --- logging: one JSON object a line, secrets and identities removed ------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"redact": {"()": "zdbridge.logs.RedactingFilter"}},
    "formatters": {"json": {"()": "zdbridge.logs.JSONFormatter"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "filters": ["redact"], "formatter": "json"},
    },
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "django": {"handlers": ["stderr"], "level": LOG_LEVEL, "propagate": False},
        # Refused requests are counted; only errors of the product are worth a line.
        "django.request": {"level": "ERROR"},
        "django.server": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
        # They write two lines for each task, every few seconds, and nothing that the run history does not show.
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        # They write at each start that all is well, between the set-up and the greeting of `up`.
        "celery.apps.worker": {"level": "WARNING"},
        "celery.worker.consumer.connection": {"level": "WARNING"},
    },
}

# --- settings of `linking` -------------------------------------------------------------------------------------------
# `linking` reads only these; see linking/apps.py.
LINKING = {
    "VERSION": VERSION,
    "DATA_DIR": DATA_DIR,
    "SEAL_KEYS": SEAL_KEYS,
    "ALLOW_LOOPBACK": ALLOW_LOOPBACK,
    "XSOLLA_LOGIN_API_URL": XSOLLA_LOGIN_API_URL,
    "TOKEN_LIMIT_PER_ADDRESS": TOKEN_LIMIT_PER_ADDRESS,
    "TOKEN_LIMIT_PER_USER": TOKEN_LIMIT_PER_USER,
    "KEEP_REFUSALS_DAYS": KEEP_REFUSALS_DAYS,
    "KEEP_VISITORS_DAYS": KEEP_VISITORS_DAYS,
    "KEEP_LINKS_DAYS": KEEP_LINKS_DAYS,
    "KEEP_NOTES_DAYS": KEEP_NOTES_DAYS,
    "KEEP_RUNS_DAYS": KEEP_RUNS_DAYS,
    "KEEP_AUDIT_DAYS": KEEP_AUDIT_DAYS,
    "KEEP_SIGN_INS_DAYS": KEEP_SIGN_INS_DAYS,
    "KEEP_UNREADABLE_DAYS": KEEP_UNREADABLE_DAYS,
    "BLANK_GONE_DAYS": BLANK_GONE_DAYS,
    "IDS_ONLY": IDS_ONLY,
    "AUDIT_VIEWS": AUDIT_VIEWS,
    "REFERENCE_PREFIX": REFERENCE_PREFIX,
    "REFERENCE_FOLDER": REFERENCE_FOLDER,
    "ROTATE_SECRETS_DAYS": ROTATE_SECRETS_DAYS,
    "REQUIRE_MFA": REQUIRE_MFA,
    "SINGLE_SIGN_ON": SINGLE_SIGN_ON,
    "REDIS_URL": REDIS_URL,
    "HAS_MAIL": HAS_MAIL,
    "DEMO_SHOP_URL": DEMO_SHOP_URL,
}

"""What granian serves: the token endpoint in front, Django behind it."""

import os

from django.core.wsgi import get_wsgi_application

from zdbridge.serving.door import Door
from zdbridge.serving.page_gate import PageGate
from zdbridge.serving.proxies import TrustedProxies

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zdbridge.settings")

# Pages share one interpreter: several at once would not finish sooner, and a token would wait for each of them.
PAGES_AT_ONCE = 1

_django = get_wsgi_application()

# Imported once Django is set up, because the token view needs its settings.
from django.conf import settings  # noqa: E402

from linking import background  # noqa: E402
from linking.api.front import TokenFront, hsts_headers  # noqa: E402
from linking.api.webhooks import refuse_by_head  # noqa: E402

background.start(
    login_api_url=str(settings.LINKING["XSOLLA_LOGIN_API_URL"]),
    allow_loopback=bool(settings.LINKING["ALLOW_LOOPBACK"]),
    redis_url=str(settings.LINKING["REDIS_URL"]),
)

application = Door(
    tokens=TokenFront(
        application=_django,
        is_direct=settings.TOKEN_FRONT,
        allowed_hosts=settings.ALLOWED_HOSTS,
        is_https_only=settings.SECURE_SSL_REDIRECT,
        more_headers=hsts_headers(
            seconds=settings.SECURE_HSTS_SECONDS,
            with_subdomains=settings.SECURE_HSTS_INCLUDE_SUBDOMAINS,
            is_preloaded=settings.SECURE_HSTS_PRELOAD,
        ),
    ),
    pages=PageGate(application=_django, limit=PAGES_AT_ONCE, exempt=["/healthz", "/readyz", "/metrics"]),
    proxies=TrustedProxies(networks=settings.TRUSTED_PROXIES),
    refuse_early=refuse_by_head,
)

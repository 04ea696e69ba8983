"""What granian serves."""

import os

from django.core.wsgi import get_wsgi_application

from zdbridge.proxies import TrustedProxies

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zdbridge.settings")

_django = get_wsgi_application()

# Imported once Django stands: the snapshot of the configuration is kept fresh by a thread of this process.
from django.conf import settings  # noqa: E402

from linking import registry, sightings  # noqa: E402

registry.start_refreshing()
sightings.start_flushing()

application = TrustedProxies(application=_django, networks=settings.TRUSTED_PROXIES)

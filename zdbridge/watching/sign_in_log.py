"""Log lines about sign-ins and failed ones: some a minute, without passwords; the audit has all."""

import logging
import time
from typing import Any

from django.contrib.auth.signals import user_logged_in, user_login_failed

from linking.core.sampling import Sampler

PER_MINUTE = 20

logger = logging.getLogger(__name__)
_sampler = Sampler(per_minute=PER_MINUTE)


def connect() -> None:
    """Follow Django's signals."""
    uid = "zdbridge.watching.sign_in_log"
    user_logged_in.connect(_note_sign_in, dispatch_uid=uid)
    user_login_failed.connect(_note_failure, dispatch_uid=uid)


def _note_sign_in(user: Any, **_details: Any) -> None:
    left_out = _sampler.take(time.time())
    if left_out is not None:
        # The number, because a name can be an address or a person's own.
        logger.info("Signed in: account %s (%s more sign-ins or tries since the last line).", user.pk, left_out)


def _note_failure(**_details: Any) -> None:
    left_out = _sampler.take(time.time())
    if left_out is not None:
        logger.info("A sign-in failed (%s more sign-ins or tries since the last line).", left_out)

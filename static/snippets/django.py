# A view of your Django site. Your server holds the player's Login JWT and asks
# zdbridge itself. The widget on your page asks your server: put the address of this
# view into its snippet.
import logging

import requests
from django.http import JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

TOKEN_URL = "@token_url@"
logger = logging.getLogger(__name__)


@never_cache
@require_GET
def give_zendesk_jwt(request):
    # Yours: where your server keeps the player's Login JWT.
    login_jwt = request.session.get("login_jwt")
    if not login_jwt:
        return refuse(401, "00-00", "not_passed", "No player is signed in.")
    try:
        headers = {"Authorization": f"Bearer {login_jwt}"}
        answer = requests.get(TOKEN_URL, headers=headers, timeout=5)
        return JsonResponse(answer.json(), status=answer.status_code)
    except requests.RequestException as error:
        logger.warning("zdbridge did not answer: %s", error)
        return refuse(503, "away", "away", "Try again in a minute.")


def refuse(status, code, reason, description):
    body = {"code": code, "reason": reason, "description": description}
    return JsonResponse(body, status=status)

# A view of your Django site. Your server holds the player's Login JWT and asks zdbridge itself.
# The widget on your page then asks your server: put the address of this view into its snippet.
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
        signed_out = {"code": "00-00", "reason": "not_passed", "description": "No player is signed in."}
        return JsonResponse(signed_out, status=401)
    try:
        answer = requests.get(TOKEN_URL, headers={"Authorization": f"Bearer {login_jwt}"}, timeout=5)
        return JsonResponse(answer.json(), status=answer.status_code)
    except requests.RequestException as error:
        logger.warning("zdbridge did not answer: %s", error)
        away = {"code": "away", "reason": "away", "description": "Try again in a minute."}
        return JsonResponse(away, status=503)

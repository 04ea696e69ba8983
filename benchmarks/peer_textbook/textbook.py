"""The endpoint as a Django REST framework tutorial would write it, to measure beside.

Settings in a table read on every request, PyJWT, the framework's defaults, the usual middleware, gunicorn. One file:
`python textbook.py prepare` makes the SQLite file in the current folder, `gunicorn textbook:application` serves.
"""

import os
import sys
import time

import django
import jwt
from django.conf import settings

settings.configure(
    SECRET_KEY="benchmark-only",  # noqa: S106 - signs nothing that anybody keeps
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF="textbook",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "textbook.sqlite3"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
        "corsheaders",
        "rest_framework",
    ],
    MIDDLEWARE=[
        "corsheaders.middleware.CorsMiddleware",
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    CORS_ALLOWED_ORIGINS=[os.environ.get("ORIGIN", "https://shop.example")],
    CORS_ALLOW_CREDENTIALS=True,
    LOGGING_CONFIG=None,
)
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connection, models  # noqa: E402
from django.urls import path  # noqa: E402
from rest_framework.decorators import api_view  # noqa: E402
from rest_framework.request import Request  # noqa: E402
from rest_framework.response import Response  # noqa: E402


class Project(models.Model):
    """The settings row."""

    login_secret_key = models.CharField(max_length=200)
    zendesk_shared_secret = models.CharField(max_length=200)

    class Meta:
        app_label = "textbook"


@api_view(["GET", "POST"])
def generate(request: Request) -> Response:
    """Answer like the guide's sample."""
    token = request.COOKIES.get("token")
    if token is None:
        return Response({"code": "00-00", "description": "Token not passed"}, status=401)
    project = Project.objects.get()
    try:
        claims = jwt.decode(token, project.login_secret_key, algorithms=["HS256"], options={"verify_aud": False})
    except jwt.PyJWTError:
        return Response({"code": "00-01", "description": "Token is invalid"}, status=401)
    for claim, code in (("sub", "00-02"), ("email", "00-03")):
        if not claims.get(claim):
            return Response({"code": code, "description": f"No {claim} claim"}, status=422)
    answer = {
        "name": claims["email"],
        "email": claims["email"],
        "external_id": claims["sub"],
        "iat": int(time.time()),
    }
    return Response({"token": jwt.encode(answer, project.zendesk_shared_secret, algorithm="HS256")})


urlpatterns = [path("generate/token", generate)]
application = get_wsgi_application()


def prepare() -> None:
    """Make the table and its one row."""
    with connection.schema_editor() as editor:
        editor.create_model(Project)
    Project.objects.create(
        login_secret_key=os.environ["LOGIN_SECRET_KEY"], zendesk_shared_secret=os.environ["ZENDESK_SHARED_SECRET"]
    )


if __name__ == "__main__" and sys.argv[1:] == ["prepare"]:
    prepare()

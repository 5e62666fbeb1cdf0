"""What browsers are told of HTTPS in production, and the cookies that they get there."""

import os
import subprocess
import sys

import pytest

from tests.run import PRODUCTION
from tests.shop import BASE_DIR

SHOWN = """
import os, django
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
django.setup()
from django.test import Client
from django.conf import settings
from config.middleware import MessageCookies
answer = Client(raise_request_exception=False).get("/admin/login/", secure=True, HTTP_HOST="shop.example.com")
print(answer.status_code, answer.headers["Strict-Transport-Security"])
print(answer.cookies.output(header=""))
names = settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, MessageCookies.cookie_name
print(*names, settings.SESSION_COOKIE_SECURE, settings.CSRF_COOKIE_SECURE, settings.SESSION_COOKIE_PATH)
"""


@pytest.mark.parametrize(
    ("change", "hsts"),
    [
        ({}, "max-age=31536000"),
        ({"SECURE_HSTS_SECONDS": "60", "SECURE_HSTS_PRELOAD": "on"}, "max-age=60; preload"),
        ({"SECURE_HSTS_INCLUDE_SUBDOMAINS": "on"}, "max-age=31536000; includeSubDomains"),
    ],
)
def test_a_browser_is_told_what_the_operator_has_decided_of_https(change: dict[str, str], hsts: str) -> None:
    environment = os.environ | PRODUCTION | {"ALLOWED_HOSTS": "shop.example.com"} | change
    shown = subprocess.run(
        [sys.executable, "-c", SHOWN], cwd=BASE_DIR, env=environment, capture_output=True, text=True, check=True
    )
    first, *cookies, names = shown.stdout.strip().split("\n")
    assert first == f"200 {hsts}"
    assert names == "__Host-sessionid __Host-csrftoken __Host-messages True True /"
    for cookie in cookies:
        assert cookie.strip().startswith("__Host-")
        assert "Secure" in cookie
        assert "Path=/;" in f"{cookie};"
        assert "Domain" not in cookie

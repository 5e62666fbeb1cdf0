"""All settings, each environment variable read once, strictly. `.env.example` explains every one.

`ENVIRONMENT=development` (the default) falls back on the embedded servers below `DATA_DIR` and on a secret that is
generated there. `ENVIRONMENT=production` has no fallbacks: it refuses to start with anything unsafe.
"""

from datetime import timedelta
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

from config import embedded
from config.applications import INSTALLED_APPS, MIDDLEWARE, TEMPLATES  # noqa: F401  # Django finds them here
from config.content_security import CONTENT_SECURITY_POLICY, DOCUMENTATION_STYLE_SRC  # noqa: F401  # django-csp
from config.databases import cache, database, embedded_database_url
from config.description import API_EXAMPLES, SPECTACULAR_SETTINGS  # noqa: F401  # drf-spectacular finds it here
from config.environment import (
    BASE_DIR,
    choice,
    cron,
    development_secret,
    hosts,
    networks,
    number,
    rate,
    seconds,
    secret,
    switch,
    text,
    url,
    words,
    zone,
)
from config.logs import LOGGING  # noqa: F401  # Django finds it here
from config.passwords import AUTH_PASSWORD_VALIDATORS, BCRYPT_ROUNDS, PASSWORD_HASHERS, PASSWORD_MIN_LENGTH  # noqa: F401
from config.paying import *  # noqa: F403  # how buyers pay
from config.paying import of_the_fake, refuse_loopback
from config.search import SEARCH_LANGUAGE  # noqa: F401
from config.selling import *  # noqa: F403  # how this shop sells
from config.webhooks import *  # noqa: F403  # whom it tells of what happens

PRODUCTION = choice("ENVIRONMENT", "development", "production") == "production"
DEBUG = switch("DEBUG", default=False)
DATA_DIR = Path(text("DATA_DIR", str(BASE_DIR / ".data"))).resolve()
ALLOWED_HOSTS = hosts("ALLOWED_HOSTS", [] if PRODUCTION else ["localhost", "127.0.0.1", "[::1]"])
TEN_YEARS = 3653 * 86_400  # in seconds: what is longer is a mistake, and datetime ends somewhere
LOCAL_HOSTS = {"localhost", "127.0.0.1", "[::1]", "testserver"}

if PRODUCTION:
    SECRET_KEY = secret("SECRET_KEY")
    if not SECRET_KEY:
        raise ImproperlyConfigured("SECRET_KEY must be set in production.")
    if DEBUG:
        raise ImproperlyConfigured("DEBUG must be off in production.")
    if not ALLOWED_HOSTS or "*" in ALLOWED_HOSTS:
        raise ImproperlyConfigured("ALLOWED_HOSTS must name the shop's host names in production.")
    if not text("DATABASE_URL"):
        raise ImproperlyConfigured("DATABASE_URL must name the PostgreSQL server in production.")
    if text("EMAIL_URL").partition("://")[0] in ("", "dummymail", "consolemail", "filemail", "memorymail"):
        raise ImproperlyConfigured("EMAIL_URL must name the mail server in production: nobody reads mails in a folder.")
    refuse_loopback()
else:
    vars().update(of_the_fake(DATA_DIR))  # while `make run` runs, unless providers were configured
    SECRET_KEY = text("SECRET_KEY") or development_secret(DATA_DIR)
    if set(ALLOWED_HOSTS) - LOCAL_HOSTS:
        raise ImproperlyConfigured("ALLOWED_HOSTS names real hosts: set ENVIRONMENT=production.")

# The key that signs tokens is its own, so that it can be rotated without touching sessions of the admin.
TOKEN_SIGNING_KEY = (secret("TOKEN_SIGNING_KEY") if PRODUCTION else text("TOKEN_SIGNING_KEY")) or f"tokens:{SECRET_KEY}"

# Database

DATABASE_SCHEMA = text("DATABASE_SCHEMA", "sales")
DATABASE_STATEMENT_TIMEOUT_MS = number("DATABASE_STATEMENT_TIMEOUT_MS", 10_000)
DATABASE_LOCK_TIMEOUT_MS = number("DATABASE_LOCK_TIMEOUT_MS", 3_000)
# Behind pgbouncer in transaction mode set this to 0: it switches prepared statements off.
DATABASE_PREPARE_THRESHOLD = number("DATABASE_PREPARE_THRESHOLD", 2)
POSTGRES_URL = ("postgres://user:password@db.example.com:5432/shop", "postgres", "postgresql")
# Beside the URLs any character may stand in it.
DATABASE_PASSWORD = text("DATABASE_PASSWORD")
DATABASES = {
    "default": database(
        url("DATABASE_URL", *POSTGRES_URL) or embedded_database_url(DATA_DIR),
        DATABASE_PREPARE_THRESHOLD,
        DATABASE_PASSWORD,
    )
}
DATABASE_REPLICA_URL = url("DATABASE_REPLICA_URL", *POSTGRES_URL)
if DATABASE_REPLICA_URL:
    DATABASES["replica"] = database(DATABASE_REPLICA_URL, DATABASE_PREPARE_THRESHOLD, DATABASE_PASSWORD, wait=2)
    DATABASES["replica"]["TEST"] = {"MIRROR": "default"}
# Reports that tolerate a moment's lag read from here: the replica where there is one.
REPORTS_DATABASE = "replica" if DATABASE_REPLICA_URL else "default"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Cache: nothing authoritative lives there

REDIS_URL = (
    url("REDIS_URL", "redis://cache.example.com:6379", "redis", "rediss", "unix")
    or (not PRODUCTION and embedded.redis_url(DATA_DIR))
    or ""
)
# Who waits for it is a request: how long it may take before this process goes on without it, for a while.
REDIS_TIMEOUT_SECONDS = seconds("REDIS_TIMEOUT_SECONDS", 0.3, most=60)
CACHES = {"default": cache(REDIS_URL, text("REDIS_PASSWORD"), REDIS_TIMEOUT_SECONDS)}

# Applications

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
APPEND_SLASH = False
CSRF_FAILURE_VIEW = "config.errors.csrf_failure"
# People and tokens

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["config.admin.login.PageBackend"]
# Where a log-in leads whose ?next= is an address of another host.
LOGIN_REDIRECT_URL = "/admin/"
# Emails are unique through an index on lower(email), and config.middleware's classes are subclasses of Django's: these
# checks look for a field and for names, and see neither. What HSTS says of other hosts is the operator's decision.
SILENCED_SYSTEM_CHECKS = ["auth.W004", "security.W002", "security.W003", "security.W005", "security.W021"]
PASSWORD_RESET_TIMEOUT = number("PASSWORD_RESET_TIMEOUT_SECONDS", 3600, 1, TEN_YEARS)
LINK_WITH_TOKEN = r"(?=.*\{uid\})(?=.*\{token\})https?://([^{}\s]|\{uid\}|\{token\})+"
# The storefront's page that takes the token of a password reset mail: {uid} and {token} are filled in.
PASSWORD_RESET_URL = text(
    "PASSWORD_RESET_URL",
    "http://localhost:3000/password-reset?uid={uid}&token={token}",
    pattern=LINK_WITH_TOKEN,
    must_be="a URL with {uid} and {token}, as https://shop.example.com/reset?uid={uid}&token={token}",
)
# The same of the mail that confirms an email, whose link works for so many days.
EMAIL_CONFIRM_URL = text(
    "EMAIL_CONFIRM_URL",
    "http://localhost:3000/confirm-email?uid={uid}&token={token}",
    pattern=LINK_WITH_TOKEN,
    must_be="a URL with {uid} and {token}, as https://shop.example.com/confirm?uid={uid}&token={token}",
)
EMAIL_CONFIRM_DAYS = number("EMAIL_CONFIRM_DAYS", 3, 1, 3650)

ACCESS_TOKEN_LIFETIME = timedelta(seconds=number("ACCESS_TOKEN_LIFETIME_SECONDS", 15 * 60, 1, TEN_YEARS))
# For how long a person who leaves can change their mind, before the worker erases the account.
ERASE_AFTER_DAYS = number("ERASE_AFTER_DAYS", 14, 0, 3650)
# A session that is not used ends with its refresh token, and one that is used after SESSION_LIFETIME.
REFRESH_TOKEN_LIFETIME = timedelta(seconds=number("REFRESH_TOKEN_LIFETIME_SECONDS", 14 * 86_400, 1, TEN_YEARS))
SESSION_LIFETIME = timedelta(seconds=number("SESSION_LIFETIME_SECONDS", 90 * 86_400, 1, TEN_YEARS))
# The same two ends for sessions of the admin.
ADMIN_IDLE_LIFETIME = timedelta(seconds=number("ADMIN_IDLE_SECONDS", 2 * 3600, 1, TEN_YEARS))
ADMIN_SESSION_LIFETIME = timedelta(seconds=number("ADMIN_SESSION_SECONDS", 12 * 3600, 1, TEN_YEARS))
# For how long a refresh token that was used gives the same successor again; afterwards it ends the session.
REFRESH_GRACE_SECONDS = number("REFRESH_GRACE_SECONDS", 20, 0, 3600)
# By how much the clocks of the machines that sign and check tokens may differ.
TOKEN_LEEWAY_SECONDS = number("TOKEN_LEEWAY_SECONDS", 5, 0, 300)
SIMPLE_JWT = {
    "ALGORITHM": "HS256",
    "SIGNING_KEY": TOKEN_SIGNING_KEY,
    "ISSUER": "shop",
    "AUDIENCE": "shop",
    "ACCESS_TOKEN_LIFETIME": ACCESS_TOKEN_LIFETIME,
    "REFRESH_TOKEN_LIFETIME": REFRESH_TOKEN_LIFETIME,
    "LEEWAY": TOKEN_LEEWAY_SECONDS,
    "UPDATE_LAST_LOGIN": False,
}

# The API

# Its description and the pages that show it: /api/v1/schema, /docs, /scalar.
API_DOCUMENTATION = switch("API_DOCUMENTATION", default=True)
MAX_PAGE_SIZE = number("MAX_PAGE_SIZE", 100, 1, 1000)
PAGE_SIZE = number("PAGE_SIZE", 20, 1, MAX_PAGE_SIZE)
MAX_BODY_BYTES = number("MAX_BODY_BYTES", 1024 * 1024, 1)
MAX_IMAGE_BYTES = number("MAX_IMAGE_BYTES", 10 * 1024 * 1024, 1)
MAX_IMAGE_PIXELS = number("MAX_IMAGE_PIXELS", 40_000_000, 1)
MAX_IMAGE_SIDE = number("MAX_IMAGE_SIDE", 16_384, 1)
# A multipart image may be larger than a JSON body: the parser of each enforces its own bound.
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_IMAGE_BYTES + 64 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000
MAX_QUERY_BYTES = number("MAX_QUERY_BYTES", 4096, 1)
MAX_QUERY_PARAMETERS = number("MAX_QUERY_PARAMETERS", 100, 1)
# How long an anonymous list may be served from the cache: at most one second, 0 switches the cache off.
LIST_CACHE_SECONDS = seconds("LIST_CACHE_SECONDS", 1.0, most=1)

# Attempts to log in: of one address or known device at one account, at one account from everywhere, of one address.
RATE_LIMIT_LOGIN_PER_ACCOUNT = rate("RATE_LIMIT_LOGIN_PER_ACCOUNT", "10/minute")
RATE_LIMIT_LOGIN_PER_ACCOUNT_TOTAL = rate("RATE_LIMIT_LOGIN_PER_ACCOUNT_TOTAL", "100/minute")
RATE_LIMIT_LOGIN_PER_ADDRESS = rate("RATE_LIMIT_LOGIN_PER_ADDRESS", "60/minute")
RATE_LIMIT_REGISTER = rate("RATE_LIMIT_REGISTER", "20/minute")
RATE_LIMIT_PASSWORD_RESET = rate("RATE_LIMIT_PASSWORD_RESET", "5/minute")
RATE_LIMIT_ANONYMOUS = rate("RATE_LIMIT_ANONYMOUS", "600/minute")
RATE_LIMIT_USER = rate("RATE_LIMIT_USER", "600/minute")
# Facets, exact counts and far-reaching searches: how many run at once in each web process, how long a statement of
# theirs may take, and how many requests each of them counts for in the limits.
EXPENSIVE_REQUESTS_AT_ONCE = number("EXPENSIVE_REQUESTS_AT_ONCE", 1, 1, 100)
EXPENSIVE_STATEMENT_TIMEOUT_MS = number("EXPENSIVE_STATEMENT_TIMEOUT_MS", 2_000, 1)
EXPENSIVE_REQUEST_COST = number("EXPENSIVE_REQUEST_COST", 5, 1, 1000)
# Proxies whose X-Forwarded-For we believe, as networks ("10.0.0.0/8").
TRUSTED_PROXIES = networks("TRUSTED_PROXIES")

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [f"accounts.authentication.{by}Authentication" for by in ("Bearer", "Key")],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["api.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["api.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "api.schema.Schema",
    "DEFAULT_THROTTLE_CLASSES": ["api.throttles.DefaultThrottle"],
    "DEFAULT_PAGINATION_CLASS": "api.pagination.KeysetPagination",
    "DEFAULT_FILTER_BACKENDS": ["api.filters.FilterBackend"],
    "EXCEPTION_HANDLER": "accounts.refused.exception_handler",
    "COERCE_DECIMAL_TO_STRING": True,
    "UNICODE_JSON": True,
    "URL_FORMAT_OVERRIDE": None,  # ?format= means nothing here
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
BEFORE_COUNTING = "accounts.storefronts.look_at_storefront"  # looks at each request before limits count it
CORS_ALLOWED_ORIGINS = words("CORS_ALLOWED_ORIGINS")
CORS_EXPOSE_HEADERS = ["ETag", "Idempotent-Replayed", "Retry-After", "WWW-Authenticate", "X-Request-ID"]
CORS_ALLOW_HEADERS = [
    *("authorization", "content-type", "idempotency-key", "if-match", "if-none-match", "x-request-id"),
    *("x-cart-token", "x-order-token", "x-storefront-key"),
]

# A request is answered after so many seconds at the latest: 503 when the database has not answered by then.
REQUEST_DEADLINE_SECONDS = number("REQUEST_DEADLINE_SECONDS", 15, 3, 3600)

# Health

# Monitoring shows this token to read /health/status; staff may read it with their own.
STATUS_TOKEN = secret("STATUS_TOKEN") if PRODUCTION else text("STATUS_TOKEN")
# A job that is due for longer shows that a queue stands still.
STATUS_DUE_SECONDS = number("STATUS_DUE_SECONDS", 120, 1, 86_400)

# Background work

# Jobs of a worker process at the same time: housekeeping, and mails and payments, which may wait for other servers.
WORKER_CONCURRENCY = number("WORKER_CONCURRENCY", 2, 1, 100)
WORKER_MAIL_CONCURRENCY = number("WORKER_MAIL_CONCURRENCY", 2, 1, 100)
WORKER_PAYMENT_CONCURRENCY = number("WORKER_PAYMENT_CONCURRENCY", 2, 1, 100)
# What runs for longer is ended.
JOB_TIMEOUT_SECONDS = number("JOB_TIMEOUT_SECONDS", 300, 10, 86_400)

# Mail

DEFAULT_FROM_EMAIL = text("DEFAULT_FROM_EMAIL", "Shop <shop@example.com>")
STAFF_EMAILS = words("STAFF_EMAILS", [] if PRODUCTION else ["staff@example.com"])
# How long the mail server may take for each of its answers (events/mail_server.py).
EMAIL_TIMEOUT = number("EMAIL_TIMEOUT_SECONDS", 5, 1, 60)
# When staff are mailed what is low or out of stock (cron, in SHOP_TIME_ZONE).
STOCK_DIGEST_CRON = cron("STOCK_DIGEST_CRON", "0 6 * * *")
EMAIL_URL = url("EMAIL_URL", "smtp+tls://user:password@mail.example.com:587", *environ.Env.EMAIL_SCHEMES)
if EMAIL_URL:
    BACKEND = "events.mail_server.SMTPBackend" if EMAIL_URL.startswith("smtp") else None
    vars().update(environ.Env.email_url_config(EMAIL_URL, BACKEND))
else:
    EMAIL_BACKEND = "events.mail_backend.FolderBackend"
    EMAIL_FILE_PATH = str(DATA_DIR / "mail")

# Files

STATIC_URL = "/static/"
STATIC_ROOT = Path(text("STATIC_ROOT", str(DATA_DIR / "static")))
# Outside production the files of the packages are served where they lie, and nothing needs to be collected.
WHITENOISE_USE_FINDERS = not PRODUCTION
MEDIA_URL = "/media/"
MEDIA_ROOT = Path(text("MEDIA_ROOT", str(DATA_DIR / "media")))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}

# Time and language

USE_TZ = True
# The API speaks UTC. Days, mails and pages of staff are in the shop's zone (database/days.py, config/middleware.py).
TIME_ZONE = "UTC"
SHOP_TIME_ZONE = zone("SHOP_TIME_ZONE", "UTC")
LANGUAGE_CODE = "en-us"
USE_I18N = False
FORMAT_MODULE_PATH = ["config.formats"]

# Security headers

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SECURE_SSL_REDIRECT = switch("SECURE_SSL_REDIRECT", default=PRODUCTION)
SECURE_REDIRECT_EXEMPT = [r"^health/", r"^metrics$"]
SECURE_HSTS_SECONDS = number("SECURE_HSTS_SECONDS", 31_536_000 if PRODUCTION else 0)
# Both speak for other hosts than the shop's own, so the operator decides.
SECURE_HSTS_INCLUDE_SUBDOMAINS = switch("SECURE_HSTS_INCLUDE_SUBDOMAINS", default=False)
SECURE_HSTS_PRELOAD = switch("SECURE_HSTS_PRELOAD", default=False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
# Browsers take a cookie of such a name from this very host alone, over HTTPS: no other host of the domain can set it.
COOKIE_PREFIX = "__Host-" if PRODUCTION else ""
SESSION_COOKIE_NAME = f"{COOKIE_PREFIX}sessionid"
CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}csrftoken"
MESSAGE_STORAGE = "config.middleware.Messages"
SESSION_COOKIE_AGE = int(ADMIN_SESSION_LIFETIME.total_seconds())
if switch("TRUST_X_FORWARDED_PROTO", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
ADMIN_REQUIRE_OTP = switch("ADMIN_REQUIRE_OTP", default=False)

"""All settings, each environment variable read once with a type. `.env.example` explains every one.

`ENVIRONMENT=development` (the default) falls back on the embedded servers below `DATA_DIR` and on a secret that is
generated there. `ENVIRONMENT=production` has no fallbacks: it refuses to start with anything unsafe.
"""

import secrets
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import environ
from csp.constants import NONE, SELF, UNSAFE_INLINE
from django.core.exceptions import ImproperlyConfigured

from config import embedded

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
env.read_env(BASE_DIR / ".env")

ENVIRONMENT = env.str("ENVIRONMENT", default="development")
if ENVIRONMENT not in ("development", "production"):
    raise ImproperlyConfigured("ENVIRONMENT must be development or production.")
PRODUCTION = ENVIRONMENT == "production"
DEBUG = env.bool("DEBUG", default=False)
DATA_DIR = Path(env.str("DATA_DIR", default=str(BASE_DIR / ".data"))).resolve()
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[] if PRODUCTION else ["localhost", "127.0.0.1", "[::1]"])
LOCAL_HOSTS = {"localhost", "127.0.0.1", "[::1]", "testserver"}


def development_secret() -> str:
    """The secret that this machine generated for itself; it survives restarts, so sessions do too."""
    file = DATA_DIR / "secret_key"
    if not file.exists():
        DATA_DIR.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(64))
    return file.read_text()


if PRODUCTION:
    SECRET_KEY = env.str("SECRET_KEY", default="")
    if len(SECRET_KEY) < 50 or "change-me" in SECRET_KEY:
        raise ImproperlyConfigured("SECRET_KEY must be a random string of at least 50 characters in production.")
    if DEBUG:
        raise ImproperlyConfigured("DEBUG must be off in production.")
    if not ALLOWED_HOSTS or "*" in ALLOWED_HOSTS:
        raise ImproperlyConfigured("ALLOWED_HOSTS must name the shop's host names in production.")
    if not env.str("DATABASE_URL", default=""):
        raise ImproperlyConfigured("DATABASE_URL must name the PostgreSQL server in production.")
    if not env.str("EMAIL_URL", default=""):
        raise ImproperlyConfigured("EMAIL_URL must name the mail server in production: nobody reads mails in a folder.")
else:
    SECRET_KEY = env.str("SECRET_KEY", default="") or development_secret()
    if set(ALLOWED_HOSTS) - LOCAL_HOSTS:
        raise ImproperlyConfigured("ALLOWED_HOSTS names real hosts: set ENVIRONMENT=production.")

# The key that signs tokens is its own, so that it can be rotated without touching sessions of the admin.
TOKEN_SIGNING_KEY = env.str("TOKEN_SIGNING_KEY", default="") or f"tokens:{SECRET_KEY}"

# Database

DATABASE_SCHEMA = env.str("DATABASE_SCHEMA", default="sales")
DATABASE_STATEMENT_TIMEOUT_MS = env.int("DATABASE_STATEMENT_TIMEOUT_MS", default=10_000)
DATABASE_LOCK_TIMEOUT_MS = env.int("DATABASE_LOCK_TIMEOUT_MS", default=3_000)
# Behind pgbouncer in transaction mode set this to 0: it switches prepared statements off.
DATABASE_PREPARE_THRESHOLD = env.int("DATABASE_PREPARE_THRESHOLD", default=2)


def database(url: str) -> dict[str, Any]:
    """One entry of DATABASES: persistent connections and prepared statements, as measured (docs/operations.md)."""
    config: dict[str, Any] = env.db_url_config(url)
    return config | {
        "HOST": unquote(str(config["HOST"])),  # a socket folder is written percent-encoded
        "ENGINE": "config.postgresql",
        "CONN_MAX_AGE": None,
        "DISABLE_SERVER_SIDE_CURSORS": not DATABASE_PREPARE_THRESHOLD,
        "OPTIONS": {
            "connect_timeout": 5,
            **config.get("OPTIONS", {}),  # sslmode and the like
            "server_side_binding": True,
            "prepare_threshold": DATABASE_PREPARE_THRESHOLD or None,
        },
    }


def embedded_database_url() -> str:
    """The embedded server's URL, or one that refuses connections while it does not run."""
    try:
        return embedded.database_url(DATA_DIR)
    except embedded.NotRunning:
        return "postgres://shop@127.0.0.1:1/shop"


DATABASES = {"default": database(env.str("DATABASE_URL", default="") or embedded_database_url())}
DATABASE_REPLICA_URL = env.str("DATABASE_REPLICA_URL", default="")
if DATABASE_REPLICA_URL:
    DATABASES["replica"] = database(DATABASE_REPLICA_URL) | {"TEST": {"MIRROR": "default"}}
# Reports that tolerate a moment's lag read from here: the replica where there is one.
REPORTS_DATABASE = "replica" if DATABASE_REPLICA_URL else "default"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Cache: nothing authoritative lives there

REDIS_URL = env.str("REDIS_URL", default="") or (not PRODUCTION and embedded.redis_url(DATA_DIR)) or ""
# Who waits for it is a request: how long it may take before this process goes on without it, for a while.
REDIS_TIMEOUT_SECONDS = env.float("REDIS_TIMEOUT_SECONDS", default=0.3)
if REDIS_URL:
    CACHES = {
        "default": {
            "BACKEND": "django_redis.cache.RedisCache",
            "LOCATION": REDIS_URL,
            "KEY_PREFIX": "shop",
            "OPTIONS": {"SOCKET_CONNECT_TIMEOUT": REDIS_TIMEOUT_SECONDS, "SOCKET_TIMEOUT": REDIS_TIMEOUT_SECONDS},
        }
    }
else:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

# Applications

INSTALLED_APPS = [
    "api",
    "events",
    "accounts",
    "inventory",
    "catalog",
    "orders",
    "demo",
    "config",
    "config.admin_app.ShopAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "procrastinate.contrib.django",
    "corsheaders",
    "csp",
]

# Those of config.middleware act on pages (admin, documentation) only: a REST request pays for none of them.
MIDDLEWARE = [
    "api.middleware.RequestMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.middleware.CorsMiddleware",
    "config.middleware.SessionMiddleware",
    "config.middleware.CsrfViewMiddleware",
    "config.middleware.AuthenticationMiddleware",
    "config.middleware.OTPMiddleware",
    "config.middleware.MessageMiddleware",
    "config.middleware.XFrameOptionsMiddleware",
    "config.middleware.CSPMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
APPEND_SLASH = False
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# People and tokens

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["config.admin_login.PageBackend"]
# Emails are unique through an index on lower(email), and config.middleware's classes are subclasses of Django's: these
# checks look for a field and for names, and see neither.
SILENCED_SYSTEM_CHECKS = ["auth.W004", "security.W002", "security.W003"]
PASSWORD_HASHER = env.str("PASSWORD_HASHER", default="bcrypt")
BCRYPT_ROUNDS = env.int("BCRYPT_ROUNDS", default=12)
PASSWORD_HASHERS = ["accounts.hashers.BCryptHasher", "accounts.hashers.Argon2idHasher"]
if PASSWORD_HASHER == "argon2id":
    PASSWORD_HASHERS.reverse()
elif PASSWORD_HASHER != "bcrypt":
    raise ImproperlyConfigured("PASSWORD_HASHER is bcrypt or argon2id.")
PASSWORD_MIN_LENGTH = env.int("PASSWORD_MIN_LENGTH", default=10)
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": PASSWORD_MIN_LENGTH},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
PASSWORD_RESET_TIMEOUT = env.int("PASSWORD_RESET_TIMEOUT_SECONDS", default=3600)
# The storefront's page that takes the token of a password reset mail: {uid} and {token} are filled in.
PASSWORD_RESET_URL = env.str(
    "PASSWORD_RESET_URL", default="http://localhost:3000/password-reset?uid={uid}&token={token}"
)

ACCESS_TOKEN_LIFETIME = timedelta(seconds=env.int("ACCESS_TOKEN_LIFETIME_SECONDS", default=15 * 60))
REFRESH_TOKEN_LIFETIME = timedelta(seconds=env.int("REFRESH_TOKEN_LIFETIME_SECONDS", default=14 * 86_400))
SIMPLE_JWT = {
    "ALGORITHM": "HS256",
    "SIGNING_KEY": TOKEN_SIGNING_KEY,
    "ISSUER": "shop",
    "AUDIENCE": "shop",
    "ACCESS_TOKEN_LIFETIME": ACCESS_TOKEN_LIFETIME,
    "REFRESH_TOKEN_LIFETIME": REFRESH_TOKEN_LIFETIME,
    "UPDATE_LAST_LOGIN": False,
}

# The API

PAGE_SIZE = env.int("PAGE_SIZE", default=20)
MAX_PAGE_SIZE = env.int("MAX_PAGE_SIZE", default=100)
MAX_BODY_BYTES = env.int("MAX_BODY_BYTES", default=1024 * 1024)
MAX_IMAGE_BYTES = env.int("MAX_IMAGE_BYTES", default=10 * 1024 * 1024)
MAX_IMAGE_PIXELS = env.int("MAX_IMAGE_PIXELS", default=40_000_000)
# A multipart image may be larger than a JSON body: the parser of each enforces its own bound.
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_IMAGE_BYTES + 64 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000
MAX_QUERY_BYTES = env.int("MAX_QUERY_BYTES", default=4096)
MAX_QUERY_PARAMETERS = env.int("MAX_QUERY_PARAMETERS", default=100)
# How long an anonymous list may be served from the cache: at most one second, 0 switches the cache off.
LIST_CACHE_SECONDS = min(env.float("LIST_CACHE_SECONDS", default=1.0), 1.0)

RATE_LIMITS = env.bool("RATE_LIMITS", default=True)
RATE_LIMIT_LOGIN_PER_ACCOUNT = env.str("RATE_LIMIT_LOGIN_PER_ACCOUNT", default="10/minute")
RATE_LIMIT_LOGIN_PER_ADDRESS = env.str("RATE_LIMIT_LOGIN_PER_ADDRESS", default="60/minute")
RATE_LIMIT_REGISTER = env.str("RATE_LIMIT_REGISTER", default="20/minute")
RATE_LIMIT_PASSWORD_RESET = env.str("RATE_LIMIT_PASSWORD_RESET", default="5/minute")
RATE_LIMIT_ANONYMOUS = env.str("RATE_LIMIT_ANONYMOUS", default="600/minute")
RATE_LIMIT_USER = env.str("RATE_LIMIT_USER", default="600/minute")
# Proxies whose X-Forwarded-For we believe, as networks ("10.0.0.0/8").
TRUSTED_PROXIES = env.list("TRUSTED_PROXIES", default=[])

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["api.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["api.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "api.schema.Schema",
    "DEFAULT_THROTTLE_CLASSES": ["api.throttles.DefaultThrottle"],
    "DEFAULT_PAGINATION_CLASS": None,
    "EXCEPTION_HANDLER": "api.problems.exception_handler",
    "COERCE_DECIMAL_TO_STRING": True,
    "UNICODE_JSON": True,
    "URL_FORMAT_OVERRIDE": None,  # ?format= means nothing here
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Shop API",
    "DESCRIPTION": "The REST API of a headless shop. Conventions, errors and examples: docs/api.md.",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": {
        "OrderStatus": "orders.models.Order.Status",
        "ProductStatus": "catalog.models.Product.Status",
        "Role": "accounts.models.User.Role",
        "MovementKind": "inventory.models.StockMovement.Kind",
        "AlertBand": "inventory.models.StockAlert.Band",
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "api.schema.describe_errors",
    ],
}

CORS_ALLOWED_ORIGINS = env.list("CORS_ALLOWED_ORIGINS", default=[])
CORS_EXPOSE_HEADERS = ["ETag", "Idempotent-Replayed", "Retry-After", "X-Request-ID"]
CORS_ALLOW_HEADERS = [
    "authorization",
    "content-type",
    "idempotency-key",
    "if-match",
    "if-none-match",
    "x-request-id",
]

# The shop

SHOP_NAME = env.str("SHOP_NAME", default="Shop")
CURRENCY = env.str("CURRENCY", default="USD")
MAX_PRICE = Decimal("9999999.99")
STOCK_CRITICAL_MAX = env.int("STOCK_CRITICAL_MAX", default=5)
STOCK_LOW_MAX = env.int("STOCK_LOW_MAX", default=10)
STOCK_MEDIUM_MAX = env.int("STOCK_MEDIUM_MAX", default=50)
# An alert closes once stock is this many units above the line that opened it, so that it does not flap.
STOCK_ALERT_HYSTERESIS = env.int("STOCK_ALERT_HYSTERESIS", default=2)
# A hold can be extended, but not beyond this many hours after it began.
HOLD_MAX_HOURS = env.int("HOLD_MAX_HOURS", default=24)
PENDING_ORDER_HOURS = env.int("PENDING_ORDER_HOURS", default=24)
MAX_PENDING_ORDERS_PER_CUSTOMER = env.int("MAX_PENDING_ORDERS_PER_CUSTOMER", default=50) if RATE_LIMITS else 0
IDEMPOTENCY_KEY_DAYS = env.int("IDEMPOTENCY_KEY_DAYS", default=7)

# Background work

WORKER_CONCURRENCY = env.int("WORKER_CONCURRENCY", default=2)

# Mail

DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Shop <shop@example.com>")
STAFF_EMAILS = env.list("STAFF_EMAILS", default=[] if PRODUCTION else ["staff@example.com"])
EMAIL_TIMEOUT = 10
# When staff are mailed what is low or out of stock (cron, UTC).
STOCK_DIGEST_CRON = env.str("STOCK_DIGEST_CRON", default="0 6 * * *")
EMAIL_URL = env.str("EMAIL_URL", default="")
if EMAIL_URL:
    vars().update(env.email_url("EMAIL_URL"))
else:
    EMAIL_BACKEND = "events.mail_backend.FolderBackend"
    EMAIL_FILE_PATH = str(DATA_DIR / "mail")

# Files

STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(DATA_DIR / "static")))
# Outside production the files of the packages are served where they lie, and nothing needs to be collected.
WHITENOISE_USE_FINDERS = not PRODUCTION
MEDIA_URL = "/media/"
MEDIA_ROOT = Path(env.str("MEDIA_ROOT", default=str(DATA_DIR / "media")))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}

# Time and language

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-us"
USE_I18N = False
FORMAT_MODULE_PATH = ["config.formats"]

# Security headers

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=PRODUCTION)
SECURE_REDIRECT_EXEMPT = [r"^health/", r"^metrics$"]
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=31_536_000 if PRODUCTION else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = PRODUCTION
SECURE_HSTS_PRELOAD = PRODUCTION
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SESSION_COOKIE_AGE = env.int("ADMIN_SESSION_SECONDS", default=12 * 3600)
if env.bool("TRUST_X_FORWARDED_PROTO", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
ADMIN_REQUIRE_OTP = env.bool("ADMIN_REQUIRE_OTP", default=False)
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
# The bundles of the documentation pages set inline styles; their scripts stay files of our own origin.
DOCUMENTATION_STYLE_SRC = [SELF, UNSAFE_INLINE]

# Logs

LOG_LEVEL = env.str("LOG_LEVEL", default="INFO")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "api.logs.JSONFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        "procrastinate": {"level": "WARNING"},
        "psycopg.pool": {"level": "ERROR"},
    },
}

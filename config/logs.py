"""What is logged, and how. config.settings hands it to Django."""

from config.environment import choice

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "api.logs.JSONFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": choice("LOG_LEVEL", "INFO", "DEBUG", "WARNING", "ERROR", "CRITICAL")},
    "loggers": {
        "django.request": {"level": "ERROR"},
        # It tells of every font of every PDF.
        "fontTools": {"level": "WARNING"},
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        "procrastinate": {"level": "WARNING"},
        "psycopg.pool": {"level": "ERROR"},
    },
}

"""Where lines of the log go, as the settings say it to Python's logging."""

from typing import Any


def logging_to_stderr(level: str) -> dict[str, Any]:
    """JSON lines on standard error, from this level on."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "api.logs.JSONFormatter"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django.request": {"level": "ERROR"},
            "django.security.DisallowedHost": {"level": "CRITICAL"},
            "procrastinate": {"level": "WARNING"},
            "psycopg.pool": {"level": "ERROR"},
        },
    }

#!/usr/bin/env python3
"""Commands for operators: `./manage.py help`. Finds the virtual environment of `make run` by itself."""

import os
import sys
from pathlib import Path


def lift_timeouts(connection, **kwargs) -> None:  # type: ignore[no-untyped-def]  # a signal receiver
    """The role's time-outs are for web and worker; a migration or a report may take its time."""
    with connection.cursor() as cursor:
        cursor.execute("set statement_timeout = 0")


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        import django.core.management
    except ImportError:
        python = Path(__file__).resolve().parent / ".venv" / "bin" / "python"
        if not python.exists() or Path(sys.prefix) == python.parent.parent:
            sys.exit("Django is not installed: run `make run` once, or pip install -r requirements/base.txt.")
        os.execv(python, [str(python), *sys.argv])  # noqa: S606  # the same program in the right environment
    from django.core.exceptions import ImproperlyConfigured
    from django.db import OperationalError
    from django.db.backends.signals import connection_created

    if sys.argv[1:2] != ["worker"]:
        connection_created.connect(lift_timeouts)
    try:
        django.core.management.execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(str(error))
    except OperationalError as error:
        from config import embedded

        if os.environ.get("DATABASE_URL"):
            sys.exit(f"The database cannot be reached: {str(error).splitlines()[0]}")
        sys.exit(str(embedded.NotRunning("The embedded database is not running: start it with `make run`.")))


if __name__ == "__main__":
    main()

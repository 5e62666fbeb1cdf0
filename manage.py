#!/usr/bin/env python3
"""Commands for operators: `./manage.py help`. Finds the virtual environment of `make run` by itself."""

import os
import sys
from errno import EACCES, EDQUOT, EISDIR, ENOENT, ENOSPC, ENOTDIR, EPERM, EPIPE, EROFS
from pathlib import Path

# Files that are not there or may not be touched, a full disk, a reader that has gone.
UNWRITTEN = (EACCES, EDQUOT, EISDIR, ENOENT, ENOSPC, ENOTDIR, EPERM, EPIPE, EROFS)


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        import django.core.management
    except ImportError:
        run_in_virtual_environment()
        raise
    from django.core.exceptions import ImproperlyConfigured
    from django.db import OperationalError, ProgrammingError
    from django.db.backends.signals import connection_created

    if sys.argv[1:2] != ["worker"]:
        connection_created.connect(lift_timeout)
    if any("\udc80" <= character <= "\udcff" for argument in sys.argv for character in argument):
        print("An argument is not in UTF-8.", file=sys.stderr)
        sys.exit(2)
    try:
        django.core.management.execute_from_command_line(sys.argv)
        sys.stdout.flush()
    except OSError as error:
        if error.errno not in UNWRITTEN or sys.argv[1:2] == ["worker"]:
            raise
        # What is left in the buffer would fail once more when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(f"{error.filename or 'The output'} cannot be read or written: {error.strerror}")
    except ImproperlyConfigured as error:
        sys.exit(str(error))
    except OperationalError as error:
        sqlstate = getattr(error.__cause__, "sqlstate", None)
        if sqlstate and not sqlstate.startswith("57P"):  # the server answered, and is not being stopped
            raise
        sys.exit(unreachable(str(error).splitlines()[0]))
    except ProgrammingError as error:
        if getattr(error.__cause__, "sqlstate", None) not in ("42P01", "42703"):  # a table or column that is not there
            raise
        sys.exit(f"{str(error).splitlines()[0]}: run manage.py prepare_database, then manage.py migrate.")


def run_in_virtual_environment() -> None:
    """Become the same program in the environment that `make run` has made."""
    python = Path(__file__).resolve().parent / ".venv" / "bin" / "python"
    if not python.exists() or Path(sys.prefix) == python.parent.parent:
        sys.exit("Django is not installed: run `make run` once, or pip install --no-deps -r requirements/base.txt.")
    os.execv(python, [str(python), *sys.argv])  # noqa: S606  # no shell is wanted


def lift_timeout(connection, **kwargs) -> None:  # type: ignore[no-untyped-def]  # a signal receiver
    """The time-out of statements is for web and worker; a migration or a report may take its time."""
    connection.lifts_timeout = True


def unreachable(reason: str) -> str:
    """One line for whoever typed the command."""
    from config import embedded, environment

    # A server that refuses us says FATAL; anything else without an answer means that none is there.
    if not environment.text("DATABASE_URL") and "FATAL" not in reason:
        return str(embedded.NotRunning())
    return f"The database cannot be reached: {reason}"


if __name__ == "__main__":
    main()

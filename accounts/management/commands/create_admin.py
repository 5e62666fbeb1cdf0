"""`manage.py create_admin`: the first administrator of a shop, or another one."""

import getpass
import os
import sys
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.exceptions import EmailTaken
from accounts.models import User
from accounts.services import create_admin
from database.refusals import Invalid
from database.text import normalised_email, refuse_hidden
from events.actors import COMMAND


class Command(BaseCommand):
    """The command."""

    help = "Create an administrator. The password comes from ADMIN_PASSWORD or is asked for; it is never an argument."

    def add_arguments(self, parser: CommandParser) -> None:
        """The options of the command."""
        parser.add_argument("--email", required=True)
        parser.add_argument("--first-name", default="Shop")
        parser.add_argument("--last-name", default="Administrator")
        parser.add_argument("--if-missing", action="store_true", help="Succeed when the email has an account already.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Create the administrator. Ends with 2 for a bad name or email, with 1 for a bad password or a taken email."""
        try:
            columns = {field.name for field in User._meta.fields}
            for name in ("first_name", "last_name"):
                User(**{name: options[name]}).clean_fields(columns - {name})
                refuse_hidden(options[name])
            user = create_admin(
                email=normalised_email(options["email"]),
                password=os.environ.get("ADMIN_PASSWORD") or ask_for_password(),
                first_name=options["first_name"],
                last_name=options["last_name"],
                actor=COMMAND,
            )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages), returncode=2) from error
        except EmailTaken as error:
            if options["if_missing"]:
                self.stdout.write(f"{options['email']} has an account already; nothing was changed.")
                return
            raise CommandError(error.detail) from error
        except Invalid as error:
            raise CommandError(" ".join(problem.message for problem in error.errors)) from error
        self.stdout.write(f"Administrator {user.email} created.")


def ask_for_password() -> str:
    """The password as typed at the terminal, without an echo. Ends with an error where there is no terminal."""
    if not sys.stdin.isatty():
        raise CommandError("There is no terminal to ask for a password: set ADMIN_PASSWORD.")
    return getpass.getpass("Password: ")

"""`manage.py verify_journal`: the proof that nobody has rewritten what happened."""

from argparse import ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from events.models import Seal
from events.seals import faults


class Command(BaseCommand):
    """Holds the journal against its seals, and names the first event that was changed."""

    help = "Check the journal against its seals; name the first event that was changed, and exit with status 1."

    def add_arguments(self, parser: CommandParser) -> None:
        """The option of the command."""
        parser.add_argument(
            "--seal",
            type=seal_in,
            metavar="POSITION:DIGEST",
            help="A seal that was kept elsewhere, as this command prints the newest one: it must be there still.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Check, and print the newest seal. Exits with 1 when something was changed."""
        for fault in faults():
            raise CommandError(fault)
        if options["seal"] and not is_there(*options["seal"]):
            raise CommandError("There is no such seal: the journal was sealed anew, or this is another one.")
        newest = Seal.objects.order_by("-last").first()
        if options["verbosity"]:
            kept = f"{newest.last}:{bytes(newest.digest).hex()}" if newest else "none yet"
            self.stdout.write(f"The journal is as it was sealed. The newest seal: {kept}")


def seal_in(text: str) -> tuple[int, bytes]:
    """A seal as this command prints it: its position and its digest."""
    position, _, digest = text.partition(":")
    try:
        return int(position), bytes.fromhex(digest)
    except ValueError:
        raise ArgumentTypeError("a seal is written POSITION:DIGEST, as this command prints it") from None


def is_there(position: int, digest: bytes) -> bool:
    """Whether the journal has this seal."""
    row = Seal.objects.filter(last=position).first()
    return row is not None and bytes(row.digest) == digest

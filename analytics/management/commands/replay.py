"""`manage.py replay`: the shop's state made anew from its journal and its ledgers, and compared with its tables."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from analytics.replay import SUBJECTS, Busy, NoSchema, Result, rebuilt, tell_baseline, verified


class Command(BaseCommand):
    """Rebuilds a subject, or all four, and names what the shop has otherwise than its past tells."""

    help = "Rebuild state from the journal and the ledgers; with --verify compare every row, and exit with status 1."

    def add_arguments(self, parser: CommandParser) -> None:
        """The subject, and what is done with it."""
        parser.add_argument("subject", choices=[*SUBJECTS, "all"], help="What is rebuilt.")
        parser.add_argument(
            "--verify",
            action="store_true",
            help="Compare what was rebuilt with the shop's tables, name the first differences, and leave nothing "
            "behind. Without it the rebuilt tables stay in the schema replay_<subject>.",
        )
        parser.add_argument(
            "--baseline",
            action="store_true",
            help="First tell the journal what rows say of which nothing is told: after a loader, or an upgrade.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Rebuild, and compare if that is wanted. Exits with 1 when there is a difference."""
        if options["baseline"]:
            self.stdout.write(f"{tell_baseline()} rows told to the journal as they are now.")
        chosen = SUBJECTS.values() if options["subject"] == "all" else [SUBJECTS[options["subject"]]]
        differing = 0
        for subject in chosen:
            try:
                result = verified(subject) if options["verify"] else rebuilt(subject)
            except (NoSchema, Busy) as refusal:
                raise CommandError(str(refusal)) from refusal
            if options["verbosity"] or not result.is_verified:
                self.say(result, compared=options["verify"])
            differing += result.differing
        if differing:
            raise CommandError(f"{differing} rows are not what the journal and the ledgers tell.")

    def say(self, result: Result, *, compared: bool) -> None:
        """Print what came of one subject."""
        for table in result.compared:
            outcome = f", {table.differing} differ" if compared else f" in {result.schema}"
            self.stdout.write(f"  {table.table}: {table.rows} rows{outcome}")
            for difference in table.first:
                self.stdout.write(f"    {difference}")
        found = f"{result.differing} differences" if compared else f"kept in {result.schema}"
        self.stdout.write(
            f"{result.subject}: {result.rows} rows rebuilt in {result.seconds:.1f} s up to event "
            f"{result.newest_event} (position {result.newest_position}), {found}."
        )

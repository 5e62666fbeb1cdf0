"""`manage.py search_relevance`: how often the demo shop shows first what was meant."""

from typing import Any

from django.core.management.base import BaseCommand

from demo.relevance import SHOWN, Answer, ask_all, share


class Command(BaseCommand):
    """The command."""

    help = "Ask the demo shop the searches of demo/relevance.toml, and say how often the wanted product comes first."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print what was not found first, and the shares by kind and of all. Nothing stays in the database."""
        answers = ask_all()
        for answer in answers:
            if answer.place != 1:
                self.stdout.write(f"{answer.place or '-'}  {answer.query!r} wants {answer.wanted!r}: {answer.found}")
        kinds: dict[str, list[Answer]] = {}
        for answer in answers:
            kinds.setdefault(answer.kind, []).append(answer)
        self.stdout.write(f"\n{'kind':<28}{'queries':>8}{'hit@1':>9}{f'hit@{SHOWN}':>9}")
        for kind, those in [*kinds.items(), ("all", answers)]:
            first, early = share(those, 1), share(those, SHOWN)
            self.stdout.write(f"{kind.replace('_', ' '):<28}{len(those):>8}{first:>8.1f}%{early:>8.1f}%")

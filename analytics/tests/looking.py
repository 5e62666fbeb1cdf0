"""Looking at what a replay finds, and changing rows behind the shop's back."""

from django.db import connection

from analytics.replay import SUBJECTS, verified


def found(*names: str) -> list[str]:
    """The first differences of some subjects, or of all."""
    return [
        str(difference)
        for name in names or SUBJECTS
        for table in verified(SUBJECTS[name]).compared
        for difference in table.first
    ]


def change(statement: str, *values: str | int) -> None:
    """Run a statement that no service would."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)

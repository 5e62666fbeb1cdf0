"""What the planner knows of tables that one transaction has filled."""

from django.db import connection
from django.db.models import Model


def analyze(*models: type[Model]) -> None:
    """Count the rows of these tables for the planner, those of the caller's transaction included.

    Whoever fills tables in one transaction calls this before reading them again. PostgreSQL counts by itself what is
    committed: meanwhile it may note that a table of many pages has no row, and a join of such tables takes minutes.
    It cannot note that until the caller's transaction ends, which holds a lock that stops neither readers nor writers.
    """
    names = ", ".join(connection.ops.quote_name(model._meta.db_table) for model in models)
    with connection.cursor() as cursor:
        cursor.execute(f"analyze {names}")

"""The names behind the actors that ledgers and journals keep ("staff:3"), for staff who read them."""

from django.db.models import CharField
from django.db.models.expressions import RawSQL


def staff_name(column: str) -> RawSQL:
    """The email of the member of staff in a column of actors, or nothing. Customers stay what the actor says."""
    return RawSQL(  # noqa: S611  # the column is one of ours, by name
        f"(select email from accounts_user where id = case when {column} like 'staff:%%'"  # noqa: S608
        f" then substr({column}, 7)::bigint end)",
        [],
        output_field=CharField(),
    )

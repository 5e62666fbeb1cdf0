"""Units of work whose statements are cancelled. Deadlocks and lock time-outs: inventory/tests/test_races.py."""

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, transaction

from database.refusals import Busy
from database.transactions import ATTEMPTS, run_unit, unit_of_work

# The server's words and SQLSTATE for a lock time-out that strikes between two locks are those of a cancelled statement.
CANCEL = "SELECT pg_cancel_backend(pg_backend_pid())"


@pytest.mark.django_db(transaction=True)
def test_a_unit_whose_statement_was_cancelled_runs_again_from_its_beginning() -> None:
    runs = []

    def work() -> str:
        runs.append(1)
        get_user_model().objects.create(email="a@example.com")
        if len(runs) == 1:
            with connection.cursor() as cursor:
                cursor.execute(CANCEL)
        return "done"

    assert run_unit(work) == "done"
    assert len(runs) == 2
    assert get_user_model().objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_unit_that_is_cancelled_every_time_is_busy_and_leaves_nothing() -> None:
    runs = []

    def work() -> None:
        runs.append(1)
        get_user_model().objects.create(email="a@example.com")
        with connection.cursor() as cursor:
            cursor.execute(CANCEL)

    with pytest.raises(Busy):
        run_unit(work)
    assert len(runs) == ATTEMPTS
    assert not get_user_model().objects.exists()


@pytest.mark.django_db(transaction=True)
def test_what_a_unit_has_done_after_its_commit_is_a_unit_of_its_own() -> None:
    seen = []

    @unit_of_work
    def afterwards() -> None:
        seen.append(connection.in_atomic_block)

    run_unit(lambda: transaction.on_commit(afterwards))
    assert seen == [True]

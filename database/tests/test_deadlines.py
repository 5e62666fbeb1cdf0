"""Until when a thread may wait for the database, and that the wait can be ended from outside."""

import threading
import time
from collections.abc import Iterator

import psycopg
import pytest
from django.db import OperationalError, connection

from database import deadlines


@pytest.fixture
def deadline() -> Iterator[None]:
    """This thread has a deadline, in 10 s."""
    connection.close()
    deadlines.begin(time.monotonic() + 10)
    yield
    deadlines.finish()
    connection.close()


def sleep(seconds: float) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select pg_sleep(%s)", [seconds])


@pytest.mark.django_db(transaction=True)
def test_a_wait_for_the_database_can_be_ended_by_another_thread(deadline: None) -> None:
    connection.ensure_connection()
    left = connection.connection.info.backend_pid
    began = time.monotonic()
    timer = threading.Timer(0.2, deadlines.interrupt, [threading.get_ident()])
    timer.start()
    with pytest.raises(OperationalError) as caught:
        sleep(8)
    timer.join()
    assert time.monotonic() - began < 5
    assert isinstance(caught.value.__cause__, psycopg.OperationalError)
    connection.close()
    with connection.cursor() as cursor:  # on a new connection; the server still carries out what nobody waits for
        cursor.execute("select pg_terminate_backend(%s, 5000)", [left])
        assert cursor.fetchone() == (True,)


@pytest.mark.django_db(transaction=True)
def test_a_thread_without_a_deadline_is_not_interrupted() -> None:
    connection.close()
    connection.ensure_connection()
    deadlines.interrupt(threading.get_ident())
    sleep(0)


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_is_closed_already_is_left_alone(deadline: None) -> None:
    connection.ensure_connection()
    connection.close()
    deadlines.interrupt(threading.get_ident())
    sleep(0)


@pytest.mark.django_db(transaction=True)
def test_nobody_connects_when_the_deadline_is_near(deadline: None) -> None:
    deadlines.begin(time.monotonic() + 1.9)
    with pytest.raises(OperationalError, match="no time to connect"):
        connection.ensure_connection()


@pytest.mark.parametrize(("left", "configured", "timeout"), [(100.0, 5, 5), (9.0, 5, 4), (9.0, 0, 4), (3.0, 5, 2)])
def test_connecting_takes_at_most_half_of_the_time_that_is_left(
    deadline: None, left: float, configured: int, timeout: int
) -> None:
    deadlines.begin(time.monotonic() + left)
    assert deadlines.connect_timeout(configured) == timeout


def test_without_a_deadline_connecting_takes_what_is_configured() -> None:
    assert deadlines.connect_timeout(5) == 5

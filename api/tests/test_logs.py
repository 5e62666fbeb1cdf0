"""Lines of the log about errors of the database, which quote what people typed."""

import json
import logging
import sys

import pytest
from django.db import DataError, IntegrityError, connection, transaction

from accounts.tests.factories import make_user
from api.logs import JSONFormatter

EMAIL = "zq7canary@example.com"


def line_about(error: BaseException) -> str:
    info = (type(error), error, error.__traceback__)
    return JSONFormatter().format(logging.LogRecord("shop", logging.ERROR, __file__, 1, "crashed", None, info))


@pytest.mark.django_db
def test_an_error_of_the_database_is_logged_by_its_code_without_the_row() -> None:
    make_user(email=EMAIL)
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        make_user(email=EMAIL)

    assert EMAIL in str(caught.value)
    line = line_about(caught.value)
    assert EMAIL not in line
    assert "23505 user_email_unique" in json.loads(line)["exception"]
    assert "make_user" in json.loads(line)["exception"]


@pytest.mark.django_db
def test_a_value_that_the_database_cannot_read_is_not_in_the_line_either() -> None:
    with pytest.raises(DataError) as caught, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select cast(%s as integer)", [EMAIL])

    try:
        raise RuntimeError("outer") from caught.value
    except RuntimeError:
        error = sys.exception()

    assert error is not None
    assert EMAIL in str(caught.value)
    line = line_about(error)
    assert EMAIL not in line
    assert "22P02" in line
    assert "RuntimeError: outer" in line

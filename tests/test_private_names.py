"""The private names of libraries that the shop relies on. An upgrade that renames one fails here, with its name."""

from importlib import import_module
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.db import connection
from django.test import RequestFactory
from rest_framework.request import Request

# Where the name is looked up: the name, and the file of ours that uses it.
OF_MODULES_AND_CLASSES = {
    "psycopg._queries": [("_query2pg_nocache", "database/backend/base.py")],
    "django.db.backends.postgresql.base.DatabaseWrapper": [
        ("_set_autocommit", "database/backend/base.py"),
        ("_commit", "database/backend/base.py"),
        ("_rollback", "database/backend/base.py"),
    ],
    "django.contrib.admin.ModelAdmin": [
        ("_changeform_view", "staff/frame.py"),
        ("_delete_view", "staff/frame.py"),
    ],
    "django.contrib.admin.AdminSite": [("_build_app_dict", "config/admin/site.py")],
    "django_otp.forms.OTPAuthenticationFormMixin": [("_chosen_device", "config/admin/login.py")],
    "drf_spectacular.openapi.AutoSchema": [("_map_serializer", "the descriptions of bodies with a choice of members")],
    "gunicorn.util": [("write_error", "config/gunicorn.py"), ("write_nonblock", "config/gunicorn.py")],
    "smtplib.SMTP": [("_get_socket", "events/mail_server.py")],
    "gunicorn.glogging.Logger": [("error_log", "config/gunicorn.py"), ("access_log", "config/gunicorn.py")],
}


def look_up(path: str) -> Any:
    """The module or class with this dotted path."""
    try:
        return import_module(path)
    except ImportError:
        module, _, name = path.rpartition(".")
        return getattr(look_up(module), name)


@pytest.mark.parametrize(
    ("owner", "name", "user"), [(owner, *used) for owner, names in OF_MODULES_AND_CLASSES.items() for used in names]
)
def test_a_library_still_has_the_private_name(owner: str, name: str, user: str) -> None:
    found = look_up(owner)
    known = hasattr(found, name) or name in getattr(found, "__annotations__", {}) or sets_in_init(found, name)
    assert known, f"{owner} has no {name} any more, and {user} needs it: read what the new release does instead."


def sets_in_init(owner: Any, name: str) -> bool:
    """Whether instances get an attribute of this name in `__init__`."""
    return name in getattr(getattr(owner, "__init__", None), "__code__", look_up.__code__).co_names


@pytest.mark.django_db
def test_a_connection_of_psycopg_still_keeps_its_statements_by_name() -> None:
    connection.ensure_connection()
    raw: Any = connection.connection
    assert hasattr(raw, "_autocommit"), "database/backend/base.py sets psycopg's Connection._autocommit by itself."
    assert isinstance(raw._prepared._names, dict), "database/backend/base.py reads psycopg's Connection._prepared."


def test_requests_still_keep_what_they_read_and_wrap() -> None:
    request = RequestFactory().get("/")
    assert isinstance(request, WSGIRequest)
    assert hasattr(request, "_stream"), "api/problems.py puts the body of a request in chunks into WSGIRequest._stream."
    assert Request(request)._request is request, "api/views.py reads the headers of DRF's Request._request."

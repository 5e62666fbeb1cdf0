"""Which versions an If-Match names: entity tags of RFC 9110, of which only the version counts."""

import pytest

from accounts.tests.factories import client_of, make_user

pytestmark = pytest.mark.django_db
ME = "/api/v1/users/me"


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ('"1"', 200),
        ('"1.0a1b2c"', 200),
        ('W/"1.0a1b2c"', 200),
        ('W/"1"', 200),
        ('"1.0a1b2c-gzip"', 200),
        ('"7.0a", "1.0b"', 200),
        ('"7.0a",W/"1.0b" , "9"', 200),
        (', "1.0a",, ', 200),
        ('"of-another,shop", "1"', 200),
        ("*", 200),
        (" * ", 200),
        ('"2"', 412),
        ('W/"2.0a"', 412),
        ('"2.0a", W/"3"', 412),
        ('"11"', 412),
        ('"1x"', 412),
        ('w/"1"', 412),
        ("1", 412),
        ('"', 412),
        ("", 412),
        ('"of another shop"', 412),
        ('"²", "\u0661"', 412),
        ('"11111111111"', 412),
    ],
)
def test_the_version_is_compared(header: str, status: int) -> None:
    user = make_user()
    assert user.version == 1
    answer = client_of(user).patch(ME, {"city": "Lisbon"}, HTTP_IF_MATCH=header)
    assert answer.status_code == status
    user.refresh_from_db()
    assert user.city == ("Lisbon" if status == 200 else "")


def test_the_etag_of_a_proxy_that_compresses_is_the_same_version() -> None:
    client = client_of(make_user())
    etag = client.get(ME).headers["ETag"]
    assert client.patch(ME, {"city": "Lisbon"}, HTTP_IF_MATCH=f"W/{etag}").status_code == 200
    answer = client.patch(ME, {"city": "Rome"}, HTTP_IF_MATCH=f"W/{etag}")
    assert (answer.status_code, answer.json()["code"]) == (412, "version_mismatch")

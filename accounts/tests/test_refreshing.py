"""Refresh tokens: one successor each, the same again for some seconds, and the end of the family after that."""

import threading
from datetime import timedelta
from typing import Any
from uuid import uuid4

import jwt
import pytest
from django.db.models import F

from accounts.models import Session
from accounts.sessions import refresh_session, start_session
from accounts.tests.factories import make_user
from accounts.tests.test_sessions import ME, REFRESH, bearer, race
from accounts.tokens import issue_pair, read_refresh_token
from database.refusals import Refusal


def refresh(api: Any, token: str) -> Any:
    return api.post(REFRESH, {"refresh_token": token})


def let_seconds_pass(seconds: int) -> None:
    """As if the last refresh of the only session had been so much earlier."""
    Session.objects.update(refreshed_at=F("refreshed_at") - timedelta(seconds=seconds))


@pytest.mark.django_db
def test_a_refresh_token_that_comes_back_at_once_gives_the_same_pair(api: Any) -> None:
    first = start_session(user_id=make_user().pk)
    second = refresh(api, first.refresh_token)
    again = refresh(api, first.refresh_token)
    assert (second.status_code, again.status_code) == (200, 200)
    assert again.content == second.content
    assert api.get(ME, **bearer(again.data["access_token"])).status_code == 200
    assert refresh(api, again.data["refresh_token"]).status_code == 200


@pytest.mark.django_db
def test_a_pair_that_is_given_again_is_as_old_as_it_is(api: Any) -> None:
    first = start_session(user_id=make_user().pk)
    refresh(api, first.refresh_token)
    let_seconds_pass(15)
    again = refresh(api, first.refresh_token).data
    issued_at = int(Session.objects.get().refreshed_at.timestamp())
    claims = jwt.decode(again["access_token"], options={"verify_signature": False})
    assert again["expires_in"] == 885
    assert (claims["iat"], claims["exp"]) == (issued_at, issued_at + 900)


@pytest.mark.django_db
def test_a_refresh_token_that_comes_back_later_ends_the_family(api: Any) -> None:
    first = start_session(user_id=make_user().pk)
    second = refresh(api, first.refresh_token).data
    assert api.get(ME, **bearer(second["access_token"])).status_code == 200
    let_seconds_pass(21)
    assert refresh(api, first.refresh_token).status_code == 401
    assert api.get(ME, **bearer(second["access_token"])).status_code == 401
    assert refresh(api, second["refresh_token"]).status_code == 401
    assert Session.objects.get().revoked_reason == "refresh_reused"


@pytest.mark.django_db
def test_a_refresh_token_whose_successor_was_used_ends_the_family_at_once(api: Any) -> None:
    first = start_session(user_id=make_user().pk)
    second = refresh(api, first.refresh_token).data
    third = refresh(api, second["refresh_token"]).data
    assert refresh(api, first.refresh_token).status_code == 401
    assert api.get(ME, **bearer(third["access_token"])).status_code == 401
    assert Session.objects.get().revoked_reason == "refresh_reused"


@pytest.mark.django_db
def test_without_a_grace_a_refresh_token_is_good_once(api: Any, settings: Any) -> None:
    settings.REFRESH_GRACE_SECONDS = 0
    first = start_session(user_id=make_user().pk)
    assert refresh(api, first.refresh_token).status_code == 200
    assert refresh(api, first.refresh_token).status_code == 401
    assert not Session.objects.live().exists()


@pytest.mark.django_db
def test_a_session_that_has_ended_gives_no_successor_again(api: Any) -> None:
    first = start_session(user_id=make_user().pk)
    second = refresh(api, first.refresh_token).data
    assert api.post("/api/v1/users/logout", **bearer(second["access_token"])).status_code == 200
    assert refresh(api, first.refresh_token).status_code == 401
    assert Session.objects.get().revoked_reason == "logout"


@pytest.mark.django_db
def test_no_token_of_a_session_is_stored(api: Any) -> None:
    first = start_session(user_id=make_user().pk)
    second = refresh(api, first.refresh_token).data
    row = " ".join(map(str, Session.objects.values_list().get()))
    for token in (first.refresh_token, second["refresh_token"], second["access_token"]):
        assert token.rpartition(".")[2] not in row


@pytest.mark.django_db(transaction=True)
def test_twenty_refreshes_of_one_token_give_one_successor_to_all() -> None:
    pair = start_session(user_id=make_user().pk)
    results = race(20, lambda: refresh_session(refresh_token=pair.refresh_token))
    assert len(results) == 20
    assert len({(result.access_token, result.refresh_token) for result in results}) == 1
    assert refresh_session(refresh_token=results[0].refresh_token)


@pytest.mark.django_db(transaction=True)
def test_control_without_the_conditional_update_there_are_many_successors() -> None:
    pair = start_session(user_id=make_user().pk)
    compared = threading.Barrier(20)

    def naive() -> Any:
        claims = read_refresh_token(pair.refresh_token)
        assert claims is not None
        session = Session.objects.get(id=claims.session_id)
        compared.wait()
        if session.refresh_jti != claims.jti:
            return Refusal()
        session.refresh_jti = uuid4()
        session.save()
        return issue_pair(
            session_id=session.id,
            user_id=session.user_id,
            refresh_jti=session.refresh_jti,
            issued_at=session.refreshed_at,
        )

    assert len({result.refresh_token for result in race(20, naive)}) > 1

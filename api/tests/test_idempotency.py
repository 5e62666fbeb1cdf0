"""Idempotency keys where two requests meet. What customers see of them: orders/tests/test_api_placing.py."""

import hashlib
from concurrent.futures import ThreadPoolExecutor

import orjson
import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.http import HttpResponse
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from api.idempotency import keyed, run_once
from api.models import IdempotencyKey
from api.views import ViewSet

BODY = {"some": "thing"}


class Things(ViewSet):
    """A viewset that is about to run an action with keys."""

    action = "create"

    @keyed
    def create(self, request: Request) -> HttpResponse:
        """Never called: the tests call what an action calls."""
        raise AssertionError


def test_an_action_that_is_not_marked_cannot_answer_by_key() -> None:
    unmarked = ViewSet()
    unmarked.action = "create"
    request = Request(APIRequestFactory().post("/things", BODY), parser_context={"view": unmarked})

    with pytest.raises(TypeError, match="marked with @keyed"):
        run_once(request, lambda: "done", str)


@pytest.mark.django_db(transaction=True)
def test_who_is_overtaken_between_snapshot_and_lock_is_undone_and_gives_the_answer_that_stands() -> None:
    """The other request's answer is committed after we have looked for it, and before ours is kept."""
    request = Request(
        APIRequestFactory().post("/things", BODY, format="json", headers={"Idempotency-Key": "k"}),
        [JSONParser()],
        parser_context={"view": Things()},
    )
    user, another = (get_user_model().objects.create(email=f"{name}@example.com") for name in "ab")
    request.user = user
    runs = []

    def answer_the_other() -> None:
        fingerprint = hashlib.sha256(orjson.dumps(BODY)).hexdigest()
        theirs = {"method": "POST", "path": "/things", "fingerprint": fingerprint, "status": 201, "body": b'"theirs"'}
        IdempotencyKey.objects.create(user=user, key="k", **theirs)
        connection.close()

    def work() -> str:
        runs.append(1)
        IdempotencyKey.objects.create(user=another, key="what we did", fingerprint="", status=201, body=b"")
        with ThreadPoolExecutor(1) as other:
            other.submit(answer_the_other).result()
        return "ours"

    answer = run_once(request, work, str)
    assert (answer.status_code, answer.content, answer.headers["Idempotent-Replayed"]) == (201, b'"theirs"', "true")
    assert len(runs) == 1
    assert [bytes(row.body) for row in IdempotencyKey.objects.all()] == [b'"theirs"']


def asked(key: str = "k") -> Request:
    """A request of nobody with a key."""
    request = APIRequestFactory().post("/things", BODY, format="json", headers={"Idempotency-Key": key})
    return Request(request, [JSONParser()], parser_context={"view": Things()})


@pytest.mark.django_db(transaction=True)
def test_a_key_belongs_to_the_owner_that_is_named() -> None:
    runs: list[str] = []

    def as_owner(owner: str) -> HttpResponse:
        def work() -> dict[str, str]:
            runs.append(owner)
            return {"of": owner}

        return run_once(asked(), work, dict, owner=owner)

    answers = [as_owner("cart:1"), as_owner("cart:2"), as_owner("cart:1")]

    assert [answer.content for answer in answers] == [b'{"of":"cart:1"}', b'{"of":"cart:2"}', b'{"of":"cart:1"}']
    assert runs == ["cart:1", "cart:2"]
    assert set(IdempotencyKey.objects.filter(user=None).values_list("owner", flat=True)) == {"cart:1", "cart:2"}


@pytest.mark.django_db(transaction=True)
def test_a_secret_is_given_each_time_and_kept_nowhere() -> None:
    def reveal(document: dict[str, object]) -> dict[str, object]:
        return document | {"token": "secret"}

    first, again = (run_once(asked(), lambda: {"id": 7}, dict, owner="cart:1", reveal=reveal) for _ in range(2))

    assert first.content == again.content == b'{"id":7,"token":"secret"}'
    assert again.headers["Idempotent-Replayed"] == "true"
    assert bytes(IdempotencyKey.objects.get().body) == b'{"id":7}'


@pytest.mark.django_db(transaction=True)
def test_the_result_decides_the_status_and_a_replay_has_the_first_one() -> None:
    first, again = (run_once(asked(), lambda: 200, str, owner="cart:1", status=lambda result: result) for _ in range(2))
    assert (first.status_code, again.status_code) == (200, 200)

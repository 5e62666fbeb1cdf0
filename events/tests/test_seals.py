"""The journal cannot be rewritten, and whoever does it all the same is seen."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from events import seals, tasks
from events.actors import COMMAND
from events.dispatcher import dispatch
from events.models import Event, Seal
from events.services import publish
from events.tests.rewriting import rewriting

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seals over ten positions."""
    monkeypatch.setattr(seals, "SIZE", 10)


def happen(count: int) -> None:
    with transaction.atomic():
        for number in range(count):
            publish("order.placed", {"order_id": number}, subject=f"order:{number}", actor=COMMAND)
    dispatch({})


def rewrite(sql: str) -> None:
    with rewriting("events_event", "events_seal"), connection.cursor() as cursor:
        cursor.execute(sql)


def verify(capsys: Any, *arguments: str) -> str:
    call_command("verify_journal", *arguments)
    return str(capsys.readouterr().out)


def test_full_positions_are_sealed_once(capsys: Any) -> None:
    happen(25)
    tasks.seal_journal(timestamp=0)
    assert list(Seal.objects.order_by("last").values_list("last", flat=True)) == [10, 20]
    before = [bytes(row.digest) for row in Seal.objects.order_by("last")]
    happen(5)
    assert seals.seal() == 1
    assert [bytes(row.digest) for row in Seal.objects.order_by("last")][:2] == before
    assert "The newest seal: 30:" in verify(capsys)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("update events_event set payload = '{}' where position = 13", "The event at position 13 is not what it was"),
        ("update events_event set actor = 'staff:1' where position = 2", "The event at position 2 is not what it was"),
        ("update events_event set at = at + interval '1 us' where position = 20", "The event at position 20 is not"),
        ("delete from events_event where position = 7", "The event at position 7 is missing."),
        ("delete from events_event where position = 22", "which are not sealed yet, 1 are missing."),
        ("delete from events_seal where last = 10", "The seal of the positions up to 10 is missing."),
        (
            "update events_seal set digest = sha256('') where last = 20",
            "The seal of the positions 11 to 20 is not what",
        ),
    ],
)
def test_the_first_thing_that_was_changed_is_named(damage: str, said: str) -> None:
    happen(25)
    seals.seal()
    rewrite(damage)
    with pytest.raises(CommandError) as failure:
        call_command("verify_journal")
    assert said in str(failure.value)


def test_a_journal_that_was_sealed_anew_is_told_from_the_one_that_was_kept(capsys: Any) -> None:
    happen(20)
    seals.seal()
    kept = verify(capsys).split()[-1]
    assert verify(capsys, "--seal", kept)
    rewrite("update events_event set payload = '{}' where position = 3")
    rewrite("delete from events_seal")
    seals.seal()
    assert verify(capsys), "by itself it holds"
    with pytest.raises(CommandError, match="There is no such seal"):
        call_command("verify_journal", "--seal", kept)


@pytest.mark.parametrize(
    "change",
    [
        lambda: Event.objects.update(payload={}),
        lambda: Event.objects.filter(position=1).update(position=77),
        lambda: Event.objects.filter(position=None).update(position=77, actor="staff:1"),
        lambda: Event.objects.all().delete(),
        lambda: Seal.objects.update(last=77),
        lambda: Seal.objects.all().delete(),
    ],
)
def test_the_database_refuses_to_rewrite_what_happened(change: Callable[[], Any]) -> None:
    happen(10)
    seals.seal()
    with transaction.atomic():
        publish("order.placed", {}, subject="order:1", actor=COMMAND)
    with pytest.raises(IntegrityError, match="append-only"):
        change()

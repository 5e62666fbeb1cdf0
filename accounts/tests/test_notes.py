"""Notes of staff about orders and customers: who reads them, whom they mention, and what becomes of them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from accounts.leaving import anonymise_user
from accounts.models import StaffNote, User
from accounts.notes import add_note, notes_for
from accounts.tasks import mail_mentioned
from accounts.tests.factories import make_user
from database.refusals import Invalid, NotFound
from events.actors import COMMAND, Actor
from events.models import Event
from staff.tests.pages import errors_of, messages_of, send

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann() -> User:
    return make_user(
        email="ann@example.com", first_name="Ann", last_name="Almeida", is_staff=True, groups=("order desk",)
    )


def write(author: User, about: User, text: str) -> StaffNote:
    actor = Actor(author.pk, "api", is_staff=True)
    return add_note(subject=f"user:{about.pk}", text=text, author_id=author.pk, actor=actor)


def mailed() -> list[str]:
    """Run the job of the newest event twice, and tell to whom mails went."""
    event = Event.objects.order_by("-pk").first()
    assert event is not None
    for _ in range(2):
        mail_mentioned(event.pk, event.kind, event.payload)
    return [address for message in mail.outbox for address in message.to]


def test_a_colleague_is_mentioned_by_the_email_or_by_what_stands_before_its_at(ann: User) -> None:
    bob = make_user(email="bob.b@example.com", is_staff=True, is_superuser=True)
    customer = make_user()

    note = write(ann, customer, "Ask @bob.b@example.com, or (@ANN). The customer is at home@example.com now.")

    assert set(note.mentioned.all()) == {ann, bob}
    event = Event.objects.get(kind="user.noted")
    assert event.subject == f"user:{customer.pk}"
    assert event.payload == {
        "user_id": customer.pk,
        "note_id": note.pk,
        "about": f"account {customer.pk}",
        "mentioned": sorted([ann.pk, bob.pk]),
    }
    assert sorted(mailed()) == ["ann@example.com", "bob.b@example.com"]
    assert mail.outbox[0].subject == f"A note about account {customer.pk} mentions you"
    assert "at home" not in mail.outbox[0].body


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("@nobody, look", "unknown_mention"),
        ("@customer, look", "unknown_mention"),
        ("@keeper may not read this", "unknown_mention"),
        ("@gone, look", "unknown_mention"),
        ("@sam, look", "ambiguous_mention"),
        ("   ", "blank"),
    ],
)
def test_a_mention_that_reaches_nobody_is_refused(ann: User, text: str, code: str) -> None:
    make_user(email="customer@example.com")
    make_user(email="keeper@example.com", is_staff=True, groups=("stock keeper",))
    make_user(email="gone@example.com", is_staff=True, is_superuser=True, is_active=False)
    make_user(email="sam@example.com", is_staff=True, groups=("order desk",))
    make_user(email="sam@example.org", is_staff=True, groups=("order desk",))

    with pytest.raises(Invalid) as refused:
        write(ann, make_user(), text)

    assert refused.value.code == code
    assert [error.field for error in refused.value.errors] == ["text"]
    assert not StaffNote.objects.exists()
    assert not Event.objects.filter(kind="user.noted").exists()


def test_of_what_is_not_there_nothing_is_noted(ann: User) -> None:
    for subject in ("user:999999999", "order:999999999", "product:1"):
        with pytest.raises(NotFound):
            add_note(subject=subject, text="Lost", author_id=ann.pk, actor=Actor(ann.pk, "api", is_staff=True))
    assert not StaffNote.objects.exists()


def test_the_home_page_shows_for_two_weeks_what_mentions_oneself_and_may_still_be_read(ann: User, client: Any) -> None:
    old, new = write(ann, make_user(), "@ann, old"), write(ann, make_user(), "@ann, new")
    write(ann, make_user(), "for nobody")
    StaffNote.objects.filter(pk=old.pk).update(at=timezone.now() - timedelta(days=15))
    client.force_login(ann)

    assert notes_for(ann) == [new]
    assert "@ann, new" in client.get("/admin/").content.decode()
    ann.groups.clear()
    assert notes_for(User.objects.get(pk=ann.pk)) == []


def test_whoever_works_here_no_more_gets_no_mail(ann: User) -> None:
    write(ann, make_user(), "@ann, look")
    User.objects.filter(pk=ann.pk).update(is_active=False)

    assert mailed() == []


def test_notes_about_a_forgotten_customer_are_erased_and_no_mail_follows(ann: User) -> None:
    customer, other = make_user(), make_user()
    write(ann, other, "stays")
    write(ann, customer, "Her name is Eva, @ann")

    anonymise_user(user_id=customer.pk, actor=COMMAND)

    assert [note.text for note in StaffNote.objects.all()] == ["stays"]
    noted = Event.objects.get(kind="user.noted", subject=f"user:{customer.pk}")
    mail_mentioned(noted.pk, noted.kind, noted.payload)
    assert mail.outbox == []
    with pytest.raises(NotFound):
        write(ann, customer, "too late")


def test_a_colleague_who_is_forgotten_is_mentioned_no_more_and_what_they_wrote_stays(ann: User) -> None:
    note = write(ann, make_user(), "@ann, look")

    anonymise_user(user_id=ann.pk, actor=COMMAND)

    assert StaffNote.objects.get().pk == note.pk
    assert not note.mentioned.exists()


def test_staff_write_on_the_page_of_a_customer_and_a_refused_note_keeps_its_words(
    staff_pages: Callable[..., Any], ann: User
) -> None:
    desk, customer = staff_pages("order desk"), make_user()
    page = f"/admin/accounts/user/{customer.pk}/note/"

    refused = send(desk, page, "text", text="@nobody, look")
    done = send(desk, page, "text", text="Prefers mails, @ann <b>")

    assert "No colleague who may read this is called @nobody." in errors_of(refused)
    assert 'value="@nobody, look"' in refused.content.decode()
    assert messages_of(done) == ["Noted, and mailed to ann@example.com."]
    shown = desk.get(done.headers["Location"]).content.decode()
    assert "Prefers mails, @ann &lt;b&gt;" in shown
    assert "Notes of staff" in shown


def test_whoever_sees_no_people_writes_no_notes_about_them(staff_pages: Callable[..., Any]) -> None:
    keeper, customer = staff_pages("stock keeper"), make_user()

    assert keeper.post(f"/admin/accounts/user/{customer.pk}/note/", {"text": "x"}).status_code == 403
    assert not StaffNote.objects.exists()

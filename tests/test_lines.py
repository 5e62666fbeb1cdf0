"""Text, wherever it is typed: no field of a body and of a form takes characters that cannot be seen.

Text of several lines takes line breaks too. The fields are found by walking all bodies of the API and all forms of the
admin, so that a new one cannot be forgotten.
"""

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from rest_framework import serializers

from accounts.models import User
from accounts.tests.factories import PASSWORD, client_of, make_user
from api import fields
from api.fields import Email, Password, PersonName, Text
from api.schema_fields import TextField
from api.serializers import BodySerializer
from catalog.fields import Object
from catalog.validators import validate_attributes, validate_options
from database.text import refuse_hidden, refuse_hidden_in_lines, refuse_links
from orders.serializers.bodies import PlaceOrderBody
from orders.tests.clients import basket
from staff.forms import guard_of

HIDDEN = (
    *("a\nb", "a\r\nb", "a\tb", "a\x00b", "a\x07b", "a\x1bb", "a\x7fb", "a\x85b"),
    *("a\u200bb", "a\u2060b", "a\ufeffb", "a\u00adb", "a\u034fb", "a\u3164b", "a\u2800b", "a\ufe0fb"),
    *("a\u200cb", "a\u200db", "\u200da", "a\u200e", "\u200fa", "a\u061cb", "a\u202eb", "a\u202ab", "a\u2066b"),
    *("a\u2028b", "a\u2029b", "a\U000e0041b", "a\U0001d173b", "a\ufff9b"),
)
SEEN = (
    *("Ada Lovelace", "O'Brien-Núñez", "Łukasz Żak", "李小龍", "Ольга", "محمد", "שרה", "Nguyễn Thị", "Crème Brûlée №5"),
    *(
        "می\u200cکنم",
        "क\u094d\u200dष",
        "❤\ufe0f Mug",
        "👩\u200d🍳 Chef\u2019s Set",
        "👩🏽\u200d🍳",
        "5\ufe0f\u20e3 Pack",
    ),
    *("a\u00a0b", "½ l \u2013 2 \u00d7 3″", "http: or www"),
)
BREAKS = ("a\nb", "a\r\nb")
# Everything of a body that takes several lines, and what takes any character. A new one is a decision, and stands here.
MULTILINE = {"ProductBody.description", "ProductChangesBody.description"}
ANY_CHARACTER = {
    "RegisterBody.password",
    "OwnProfileBody.password",
    "OwnProfileBody.current_password",
    "LeaveBody.current_password",
    "LoginBody.password",
    "LoginForm.password",
    "PasswordResetConfirmBody.new_password",
}


def bodies(of: Any = BodySerializer) -> Iterator[Any]:
    """All classes of bodies, in whatever module."""
    import_module("config.urls")
    for body in of.__subclasses__():
        yield body
        yield from bodies(body)


def texts(field: Any, name: str) -> Iterator[tuple[str, Any]]:
    """The text fields in a field, with their paths. Choices take only what they name."""
    if isinstance(field, serializers.Serializer):
        for own, member in field.fields.items():
            yield from texts(member, f"{name}.{own}")
    elif isinstance(field, serializers.ListField | serializers.ListSerializer):
        yield from texts(field.child, name)
    elif not isinstance(field, WITHOUT_TEXT):
        yield name, field


# What takes numbers, moments, files, or only what it names. Every other field is tried here.
WITHOUT_TEXT = (
    fields.Integer,
    fields.Flag,
    fields.Choice,
    fields.Money,
    fields.Timestamp,
    serializers.FileField,
)


def all_texts() -> dict[str, Any]:
    return {name: field for body in bodies() for name, field in texts(body(), body.__name__)}


def refuses(field: Any, value: Any) -> bool:
    """Whether a field of a body does not take a value."""
    try:
        field.run_validation(value)
    except (serializers.ValidationError, ValidationError):
        return True
    return False


def test_every_text_of_a_body_is_one_line_or_says_that_it_is_not() -> None:
    found = all_texts()
    assert len(found) > 50
    assert [name for name, field in found.items() if not isinstance(field, Text | Email | Object)] == []
    assert {name for name, field in found.items() if getattr(field, "multiline", False)} == MULTILINE
    assert {name for name, field in found.items() if getattr(field, "any_character", False)} == ANY_CHARACTER


@pytest.mark.parametrize("name", all_texts())
def test_a_text_of_a_body_takes_no_hidden_characters(name: str) -> None:
    field = all_texts()[name]
    for text in HIDDEN if name not in ANY_CHARACTER else ():
        if isinstance(field, Object):
            assert refuses(field, {text: "x"}), ascii(text)
            assert refuses(field, {"x": text}), ascii(text)
        else:
            taken = name in MULTILINE and text in BREAKS
            assert refuses(field, f"{text}@example.com" if isinstance(field, Email) else text) != taken, ascii(text)


@pytest.mark.parametrize("text", HIDDEN)
def test_an_order_that_is_taken_plainly_takes_no_hidden_characters_either(text: str) -> None:
    order = basket({"sku": "MUG", "quantity": 1})
    assert PlaceOrderBody().taken_plainly(order) is not None
    assert PlaceOrderBody().taken_plainly(order | {"shipping_city": "Zürich"}) is not None
    for name in (*PlaceOrderBody().longest, "sku"):
        changed = order | {name: text} if name != "sku" else basket({"sku": text, "quantity": 1})
        assert PlaceOrderBody().taken_plainly(changed) is None, name
        assert refuses(PlaceOrderBody(), changed), name


@pytest.mark.parametrize("text", HIDDEN)
def test_hidden_characters_are_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="cannot be seen"):
        refuse_hidden(text)


@pytest.mark.parametrize("text", SEEN)
def test_every_letter_of_the_world_is_taken(text: str) -> None:
    assert PersonName().run_validation(f" {text}\n") == text


@pytest.mark.parametrize("text", SEEN)
def test_several_lines_take_every_letter_and_line_breaks(text: str) -> None:
    for field in (Text(max_length=20_000), Text(max_length=200, multiline=True)):
        assert field.run_validation(f"\t{text}\r\n\n{text}\n") == f"{text}\r\n\n{text}"


def test_passwords_take_every_character() -> None:
    assert Password().run_validation(" a\u200b ") == " a\u200b "


def test_the_description_says_which_characters_are_taken() -> None:
    for field in (Text(), Text(allow_blank=True)):
        pattern = re.compile(TextField(field).map_serializer_field(None, "request")["pattern"])
        assert all(pattern.search(text) for text in ("Ada", " Ada Lovelace\n", "Łukasz", "李"))
        assert not any(pattern.search(text) for text in HIDDEN if max(text) <= "\uffff")
    pattern = re.compile(TextField(Text(multiline=True)).map_serializer_field(None, "request")["pattern"])
    assert {text for text in HIDDEN if pattern.search(text) and max(text) <= "\uffff"} == set(BREAKS)


@pytest.mark.parametrize("name", ["http://evil.example/x", "Win at https://x.example", "www.evil.example", "x WWW.y"])
@pytest.mark.django_db
def test_the_name_of_a_person_holds_no_address_of_a_page(api: Any, staff_pages: Any, name: str) -> None:
    person = {"first_name": "A", "last_name": "B", "email": "ada@example.com", "password": PASSWORD}
    for field in ("first_name", "last_name"):
        answer = api.post("/api/v1/users", person | {field: name})
        assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [(field, "link")]
        user = make_user()
        assert client_of(user).patch("/api/v1/users/me", {field: name}).status_code == 400
        page = staff_pages().post("/admin/accounts/user/add/", person | {field: name})
        assert list(page.context["adminform"].form.errors) == [field]
    assert not User.objects.filter(email="ada@example.com").exists()


@pytest.mark.django_db
def test_a_registration_with_hidden_characters_is_refused(api: Any) -> None:
    person = {"first_name": "A", "last_name": "B", "email": "ada@example.com", "password": PASSWORD}
    answer = api.post("/api/v1/users", person | {"address_line1": "x\n\nYour card was charged 900", "city": "a\u202eb"})
    assert answer.status_code == 400
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [
        ("address_line1", "hidden_character"),
        ("city", "hidden_character"),
    ]
    assert not User.objects.exists()


def test_every_name_of_a_person_refuses_addresses_of_pages() -> None:
    for name, field in all_texts().items():
        if name.endswith(("first_name", "last_name", "recipient_name")):
            assert isinstance(field, PersonName), name
    for model_field in ("first_name", "last_name"):
        assert refuse_links in User._meta.get_field(model_field).validators  # type: ignore[union-attr]  # no relation


def admin_forms(rf: Any) -> Iterator[tuple[str, Any]]:
    """The forms of all rows that staff add and change, and the forms below them."""
    request = rf.get("/admin/")
    request.user = User(is_superuser=True, is_active=True, is_staff=True)
    for model, model_admin in admin.site._registry.items():
        rows = [None] if model_admin.has_add_permission(request) else []
        for row in rows + ([model(pk=0)] if model_admin.has_change_permission(request) else []):
            yield f"{model.__name__} {row is None}", model_admin.get_form(request, row, change=row is not None)
            for formset, inline in model_admin.get_formsets_with_inlines(request, row):
                yield f"{model.__name__} {type(inline).__name__}", formset.form


def try_out(form: Any, name: str) -> int:
    """Ask every field of text in a form to take what is hidden. The number of these fields."""
    tried = 0
    for field_name, field in form.base_fields.items():
        if field_name in KEPT_NOWHERE or isinstance(field.widget, forms.PasswordInput):
            continue
        if isinstance(field, forms.JSONField):
            assert field.validators, f"{name}.{field_name} takes every text"
        elif isinstance(field, forms.CharField) and not isinstance(field, forms.UUIDField):
            tried += 1
            for text in HIDDEN:
                taken = isinstance(field.widget, forms.Textarea) and text in BREAKS
                assert refuses_in_form(field, text) != taken, f"{name}.{field_name} and {text!a}"
    return tried


def refuses_in_form(field: forms.Field, text: str) -> bool:
    """Whether it is the hidden character that a field of a form refuses, and not anything else about the text."""
    try:
        field.run_validators(text)
    except ValidationError as error:
        return any(one.code in ("hidden_character", "null_characters_not_allowed") for one in error.error_list)
    return False


# The log-in looks people up by these and keeps none of them.
KEPT_NOWHERE = ("username", "otp_device", "otp_token", "otp_challenge")


@pytest.mark.django_db
def test_every_text_of_an_admin_form_refuses_hidden_characters(rf: Any) -> None:
    assert sum(try_out(form, name) for name, form in admin_forms(rf)) > 40


def forms_of_verbs(of: Any = forms.BaseForm) -> Iterator[Any]:
    """The forms of our own that no model has made, in whatever module."""
    for file in our_files():
        if "forms" in file.read_text():
            import_module(".".join(file.relative_to(settings.BASE_DIR).with_suffix("").parts))
    return (form for form in subclasses(of) if form.__module__.partition(".")[0] in OUR_APPS)


OUR_APPS = tuple(app for app in settings.INSTALLED_APPS if (settings.BASE_DIR / app / "__init__.py").exists())


def our_files() -> Iterator[Path]:
    for app in OUR_APPS:
        yield from (file for file in (settings.BASE_DIR / app).rglob("*.py") if "tests" not in file.parts)


def subclasses(of: Any) -> Iterator[Any]:
    for form in of.__subclasses__():
        if not issubclass(form, forms.BaseModelForm):
            yield form
            yield from subclasses(form)


@pytest.mark.django_db
def test_every_text_of_a_verbs_form_refuses_hidden_characters() -> None:
    found = {f"{form.__module__}.{form.__name__}": form for form in forms_of_verbs()}
    assert len(found) > 15
    assert sum(try_out(form, name) for name, form in found.items()) > 15


@pytest.mark.parametrize("validator", [validate_attributes, validate_options])
@pytest.mark.parametrize("text", HIDDEN)
def test_attributes_and_options_hold_nothing_hidden(text: str, validator: Any) -> None:
    validator({"Größe": "5\ufe0f\u20e3 Pack", "می\u200cکنم": "½ l"})
    for value in ({text: "x"}, {"x": text}):
        with pytest.raises(ValidationError, match="cannot be seen"):
            validator(value)


# What a page of staff reads of a form that is posted and that no form of ours declares. None of it is kept.
READ_BY_HAND = {"status", "version", "sure", "seen", "select_across", "shelf", "post", "edit", "username", "_save"}


def test_no_page_of_staff_reads_what_is_posted_by_hand() -> None:
    reading = re.compile(r"""request\.POST(?:\.(?:get|getlist)\(|\[)["'](\w+)["']""")
    for file in our_files():
        for name in reading.findall(file.read_text()):
            assert name in READ_BY_HAND, f"{file} reads {name} by hand: declare a form with a Line for it"


@pytest.mark.django_db
def test_staff_are_told_which_character_a_line_cannot_hold(staff_pages: Any) -> None:
    user = make_user()
    form = {"email": user.email, "first_name": "A\u202eda", "last_name": "B", "is_active": "on", "seen_version": 1}
    page = staff_pages().post(f"/admin/accounts/user/{user.pk}/change/", form).content.decode()
    assert "Character 2 (U+202E) cannot be seen or ends the line." in page
    user.refresh_from_db()
    assert user.first_name == "Ada"


def test_paragraphs_of_admin_forms_stay_paragraphs() -> None:
    assert guard_of(forms.CharField(widget=forms.Textarea)) is refuse_hidden_in_lines
    assert guard_of(forms.CharField(widget=forms.PasswordInput)) is None
    assert guard_of(forms.SlugField()) is refuse_hidden

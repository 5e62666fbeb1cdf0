"""What may be written into the catalog: slugs, prices, and the JSON objects of products and variants."""

from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator

from catalog.options import one_spelling
from catalog.words import fold
from database.text import refuse_hidden

# Words that are paths of the API, so that /products/facets can never mean a product.
RESERVED_SLUGS = frozenset({"facets", "images", "variants"})
# Other programs would read longer numbers as something else.
MAX_NUMBER = 10**15
validate_slug = RegexValidator(
    r"^(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*\Z",
    "A slug has lower-case letters, digits and single hyphens, and at least one letter.",
    "invalid_slug",
)
MAX_KEY = 64
MAX_TEXT = 255


def refuse_reserved_slug(value: str) -> None:
    """Refuse the words that are paths of the API."""
    if value in RESERVED_SLUGS:
        raise ValidationError("This word is a path of the API and cannot be a slug.", "reserved_slug")


def validate_attributes(value: object) -> None:
    """At most 50 scalars by name: texts, numbers and booleans."""
    for key, member in members_of(value, 50):
        if isinstance(member, str):
            refuse_hidden(member)
            valid = len(member) <= MAX_TEXT
        else:  # a boolean is an int here
            valid = isinstance(member, int | float) and abs(member) <= MAX_NUMBER
        if not valid:
            raise ValidationError(f"{key!r} must be a short text, a number or a boolean.", "invalid_attribute")


def validate_options(value: object) -> None:
    """At most 20 texts by name. No two names differ in what filters do not know: case, accents, spaces, hyphens."""
    members = dict(members_of(value, 20))
    for key, member in members.items():
        if not isinstance(member, str) or not member.strip() or len(member) > MAX_TEXT:
            raise ValidationError(f"{key!r} must be a text of 1 to {MAX_TEXT} characters.", "invalid_option")
        refuse_hidden(member)
    if len({fold(one_spelling(key)) for key in members}) < len(members):
        raise ValidationError(
            "Two names differ in case, accents or hyphens alone: they are one option.", "repeated_option"
        )


def members_of(value: object, limit: int) -> Iterable[tuple[str, object]]:
    """The members of a JSON object. Refuses more than `limit`, and names that are empty, long or hidden in part."""
    if not isinstance(value, dict):
        raise ValidationError("This must be an object.", "invalid")
    if len(value) > limit:
        raise ValidationError(f"At most {limit} members.", "too_many_members")
    for key in value:
        if not key.strip() or len(key) > MAX_KEY:
            raise ValidationError(f"A name has 1 to {MAX_KEY} characters.", "invalid")
        refuse_hidden(key)
    return value.items()

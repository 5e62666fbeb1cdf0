"""Slugs for things that were not given one."""

import re
import secrets

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from catalog.exceptions import SlugTaken
from catalog.models import Category, Product
from catalog.validators import RESERVED_SLUGS

ATTEMPTS = 3


def insert_with_slug(row: Product | Category, *, fallback: str) -> None:
    """Insert a row under its slug, or under a free one made from its name. Refuses SlugTaken.

    A name without a letter of the alphabet becomes `fallback`.
    """
    chosen = bool(row.slug)
    for attempt in range(1, ATTEMPTS + 1):
        if not chosen:
            row.slug = free_slug(type(row), row.name, fallback, crowded=attempt > 1)
        row.full_clean(validate_unique=False, validate_constraints=False, exclude=["category", "parent"])
        try:
            with transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError as error:
            # Somebody else was faster. A slug that was made here is made once more.
            if chosen or attempt == ATTEMPTS:
                raise SlugTaken from error
        else:
            return


def free_slug(model: type[Product | Category], name: str, fallback: str, *, crowded: bool = False) -> str:
    """A slug made from a name that no row has now: `mug`, `mug-2`, and when many are taken `mug-3f9a1c`.

    `crowded` says that others are taking the same one at this moment, so a random one is made.
    """
    longest = model._meta.get_field("slug").max_length or 0
    base = slugify(name).replace("_", "-")[: longest - 8]
    base = re.sub("-+", "-", base).strip("-")
    if not re.search("[a-z]", base):
        base = f"{fallback}-{base}".rstrip("-")
    candidates = [base, *(f"{base}-{number}" for number in range(2, 10))]
    taken = set(model.objects.filter(slug__in=candidates).values_list("slug", flat=True)) | RESERVED_SLUGS
    free = [slug for slug in candidates if slug not in taken]
    return free[0] if free and not crowded else f"{base}-{secrets.token_hex(3)}"

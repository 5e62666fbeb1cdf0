"""Slugs: made for things that were not given one, and remembered when they are changed.

An old slug leads to its row for as long as no row has that slug. A slug that is made avoids the old ones of others; one
that somebody chooses may be an old one, and leads to its new owner from then on.
"""

import re
import secrets
import unicodedata
from typing import Any

from anyascii import anyascii
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from catalog.exceptions import SlugTaken
from catalog.models import Category, OldSlug, Product
from catalog.validators import RESERVED_SLUGS

ATTEMPTS = 3
# As German writes them where there are no umlauts. All other letters are spelt as anyascii does it.
UMLAUTS = str.maketrans(
    {"\u00e4": "ae", "\u00f6": "oe", "\u00fc": "ue", "\u00c4": "ae", "\u00d6": "oe", "\u00dc": "ue"}
)


def insert_with_slug(row: Product | Category, *, fallback: str) -> None:
    """Insert a row under its slug, or under a free one made from its name. Refuses SlugTaken.

    A name without a letter becomes `fallback`.
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
            if chosen:
                old_slugs(type(row)).filter(slug=row.slug).delete()
            return


def free_slug(model: type[Product | Category], name: str, fallback: str, *, crowded: bool = False) -> str:
    """A slug made from a name that no row has or had: `mug`, `mug-2`, and when many are taken `mug-3f9a1c`.

    `crowded` says that others are taking the same one at this moment, so a random one is made.
    """
    longest = model._meta.get_field("slug").max_length or 0
    base = spelt(name)[: longest - 8].strip("-")
    if not re.search("[a-z]", base):
        base = f"{fallback}-{base}".rstrip("-")
    candidates = [base, *(f"{base}-{number}" for number in range(2, 10))]
    taken = set(
        model.objects.filter(slug__in=candidates)
        .values_list("slug", flat=True)
        .union(old_slugs(model).filter(slug__in=candidates).values_list("slug", flat=True))
    )
    free = [slug for slug in candidates if slug not in taken | RESERVED_SLUGS]
    return free[0] if free and not crowded else f"{base}-{secrets.token_hex(3)}"


def spelt(name: str) -> str:
    """A name of any script in lower-case Latin letters, digits and single hyphens."""
    letters = anyascii(unicodedata.normalize("NFC", name).translate(UMLAUTS)).lower()
    return re.sub("[^a-z0-9]+", "-", re.sub("['\u2019`]", "", letters)).strip("-")


def old_slugs(model: type[Product | Category]) -> QuerySet[OldSlug]:
    """The old slugs of products, or those of categories."""
    return OldSlug.objects.filter(**{f"{model._meta.model_name}__isnull": False})


def remember_slug(row: Product | Category, old: str) -> None:
    """Let the old slug of a row that is locked lead to it. The slug that it has now leads nowhere else."""
    name = str(row._meta.model_name)
    old_slugs(type(row)).filter(slug__in=[old, row.slug]).delete()
    OldSlug.objects.create(slug=old, **{name: row})


def renamed(model: type[Product | Category], slug: str) -> Any:
    """The row that had this slug before; None when there is none."""
    old = old_slugs(model).filter(slug=slug).select_related(model._meta.model_name).first()
    return old and getattr(old, str(model._meta.model_name))

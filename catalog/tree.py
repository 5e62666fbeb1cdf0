"""What lies below a category: one formula for querysets and for the statements of lists."""

from typing import Any, Self

from django.db import models
from django.db.models.expressions import RawSQL

# The part of a WITH clause that finds the ids of categories and of everything below them. `slugs` is an SQL list of
# slugs, of which some may be old ones. A category that lies below another one of the list is found once.
TREE = """tree as (
    select id from catalog_category where slug in {slugs}
    union select old.category_id from catalog_oldslug old where old.slug in {slugs} and old.category_id is not null
        and not exists (select from catalog_category where slug = old.slug)
    union select below.id from catalog_category below join tree on below.parent_id = tree.id
)"""
BELOW = "with recursive {tree} select id from tree"


class CategoryQuerySet(models.QuerySet[Any]):
    """Sets of categories."""

    def with_relatives(self) -> Self:
        """Each with the category above it and those directly below it, in two queries."""
        return self.select_related("parent").prefetch_related("children")

    def below(self, slug: str) -> Self:
        """A category with everything below it; none when there is no such slug."""
        below = BELOW.format(tree=TREE.format(slugs="(%s)"))
        return self.filter(pk__in=RawSQL(below, [slug, slug]))  # noqa: S611  # the slug travels as a parameter

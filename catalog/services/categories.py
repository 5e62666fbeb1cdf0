"""Categories: a tree. Every verb locks the whole tree, which seldom changes and must never hold a circle."""

from typing import Any, TypedDict, Unpack

from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now

from catalog.exceptions import CategoryCycle, CategoryInUse, CategoryTooDeep, SlugTaken, UnknownCategory, found
from catalog.models import MAX_DEPTH, Category
from catalog.services.derived import refresh_below
from catalog.services.slugs import insert_with_slug, remember_slug, renamed
from catalog.services.variants import TREE_LOCK
from database.refusals import Expected, check_version
from database.transactions import unit_of_work
from events.actors import Actor
from events.changes import apply_changes, values_of
from events.services import publish

# What the journal is told of a new category.
TOLD = ("name", "slug", "parent_id")


class CategoryChanges(TypedDict, total=False):
    """What may be changed. `parent` is a slug, or None for a category at the top."""

    name: str
    slug: str
    parent: str | None


@unit_of_work
def create_category(*, name: str, actor: Actor, slug: str = "", parent: str | None = None) -> Category:
    """Create a category, below its parent or at the top. Locks the tree.

    Refuses SlugTaken, UnknownCategory, CategoryTooDeep.
    """
    tree = lock_tree()
    category = Category(name=name, slug=slug)
    if parent is not None:
        category.parent = find_parent(parent)
        if depth_of(tree, category.parent.pk) + 1 > MAX_DEPTH:
            raise CategoryTooDeep(MAX_DEPTH)
    insert_with_slug(category, fallback="category")
    tell("category.created", category, actor, values=values_of(category, TOLD))
    return category


@unit_of_work
def update_category(
    *, category_id: int, actor: Actor, expected_version: Expected = None, **changes: Unpack[CategoryChanges]
) -> Category:
    """Rename a category, or move it with all that is below it. The values that it has already change nothing.

    Refuses NotFound, VersionMismatch, SlugTaken, UnknownCategory, CategoryCycle, CategoryTooDeep. Locks the tree and
    the category, and then all products below it, since the name is a word of theirs.
    """
    tree = lock_tree()
    category = locked_category(category_id, no_key=True)
    check_version(category.version, expected_version)
    edited = apply_changes(category, {field: changes[field] for field in ("name", "slug") if field in changes})
    if "parent" in changes:
        parent = None if changes["parent"] is None else find_parent(changes["parent"])
        if parent is not None:
            refuse_place(tree, category.pk, parent.pk)
        edited |= apply_changes(category, {"parent_id": parent and parent.pk})
    if not edited:
        return category
    category.version += 1
    category.full_clean(validate_unique=False, validate_constraints=False, exclude=["parent"])
    category.updated_at = Now()
    try:
        with transaction.atomic():
            category.save(update_fields=[*edited, "version", "updated_at"])
    except IntegrityError as error:
        raise SlugTaken from error
    if "slug" in edited:
        remember_slug(category, edited["slug"][0])
    if {"name", "parent_id"} & set(edited):
        refresh_below(category_id)
    tell("category.updated", category, actor, changes=edited)
    return category


@unit_of_work
def delete_category(*, category_id: int, actor: Actor) -> None:
    """Remove an empty category. Locks the tree and the category.

    Refuses NotFound, and CategoryInUse when the category has products or categories in it; archived products count.
    """
    lock_tree()
    category = locked_category(category_id)
    # Putting a product into a category shares a lock on the category's row, so no such product is missed here.
    if category.children.exists() or category.products.exists():
        raise CategoryInUse
    tell("category.deleted", category, actor)
    category.delete()


def lock_tree() -> dict[int, int | None]:
    """Lock the tree and read it: the parent of each category. Reading is a second statement, so that it is fresh."""
    with connection.cursor() as cursor:
        cursor.execute(f"select pg_advisory_xact_lock({TREE_LOCK})")
    return dict(Category.objects.values_list("pk", "parent_id"))


def locked_category(category_id: int, *, no_key: bool = False) -> Category:
    """The category, locked. With `no_key`, products may still be put into it. Refuses NotFound."""
    row: Category | None = Category.objects.select_for_update(no_key=no_key).filter(pk=category_id).first()
    return found(row, "category")


def find_parent(slug: str) -> Category:
    """The category that is to be a parent, by its slug or one that it had before. Refuses UnknownCategory."""
    parent: Category | None = Category.objects.filter(slug=slug).first() or renamed(Category, slug)
    if parent is None:
        raise UnknownCategory("parent")
    return parent


def refuse_place(tree: dict[int, int | None], category_id: int, parent_id: int) -> None:
    """Refuse a new parent that lies below the category, or that would push what is below it too deep."""
    if category_id in path_of(tree, parent_id):
        raise CategoryCycle
    below = max(depth_of(tree, id) for id in tree if category_id in path_of(tree, id)) - depth_of(tree, category_id)
    if depth_of(tree, parent_id) + 1 + below > MAX_DEPTH:
        raise CategoryTooDeep(MAX_DEPTH)


def path_of(tree: dict[int, int | None], category_id: int) -> list[int]:
    """The ids of a category and of everything above it, from below."""
    path: list[int] = []
    step: int | None = category_id
    while step is not None:
        path.append(step)
        step = tree[step]
    return path


def depth_of(tree: dict[int, int | None], category_id: int) -> int:
    """The level of a category; those at the top are on level 1."""
    return len(path_of(tree, category_id))


def tell(kind: str, category: Category, actor: Actor, **extra: Any) -> None:
    """Publish what happened to a category."""
    payload = {"category_id": category.pk, "slug": category.slug, **extra}
    publish(kind, payload, subject=f"category:{category.pk}", actor=actor)

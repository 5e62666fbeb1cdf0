"""The rules of a segment: what somebody must have bought, or not have bought, to be in it.

Staff choose values, and never write a condition. Rules are kept as checked values, each travels to the database as a
parameter, and all of them must hold. Orders that were paid or confirmed count, in their customer's account or, of a
guest, under the address.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from django.conf import settings

from accounts.country_names import NAMES
from catalog.models import Category, Product
from database.money import in_places
from marketing.exceptions import BadRule
from marketing.models import Topic
from marketing.willing import willing

MAX_DAYS = 3650
MAX_NAMED = 100
MAX_SPENT = Decimal("9999999.99")
BOUGHT = """
    select from orders_order bought {join}
    where bought.deleted_at is null and bought.status in ('confirmed', 'shipped', 'delivered')
    and (bought.user_id = consent.user_id or (bought.user_id is null and bought.email = consent.email))
"""
SINCE = "and bought.order_date > clock_timestamp() - make_interval(days => %({days})s::int)"
ITEMS = "join orders_orderitem item on item.order_id = bought.id"
PRODUCTS = BOUGHT.format(join=ITEMS) + "and item.product_id = any(%(products)s::bigint[]) {since}"
IN_TREE = """and product.category_id in (
    with recursive tree as (
        select id from catalog_category where id = any(%(categories)s::bigint[])
        union select below.id from catalog_category below join tree on below.parent_id = tree.id
    ) select id from tree
)"""
OF_PRODUCT = " join catalog_product product on product.id = item.product_id"
CATEGORIES = BOUGHT.format(join=ITEMS + OF_PRODUCT) + IN_TREE + " {since}"
SPENT = (
    BOUGHT.replace("select from", "select 1 from").format(join="")
    + "and bought.currency = %(currency)s::text {since} having sum(bought.total_amount) >= %(spent)s::numeric"
)
COUNTRIES = BOUGHT.format(join="") + "and bought.country_code = any(%(countries)s::text[]) {since}"


class Chosen(NamedTuple):
    """Conditions on a row `consent` of marketing_consent, and their parameters."""

    conditions: str
    params: dict[str, Any]


def checked_rules(rules: Mapping[str, Any]) -> dict[str, Any]:
    """These rules in the one form in which they are kept, without those that say nothing. Refuses BadRule."""
    if unknown := sorted(set(rules) - set(CHECKS)):
        raise BadRule(unknown[0], "There is no such rule.")
    said = {name: value for name, value in rules.items() if value is not False and value not in (None, "", [], ())}
    checked = {name: CHECKS[name](name, value) for name, value in said.items()}
    if "within_days" in checked and not {"products", "categories", "spent_at_least", "countries"} & set(checked):
        checked["bought_anything"] = True
    return dict(sorted(checked.items()))


def whole(name: str, value: Any) -> int:
    """A number of days."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_DAYS:
        raise BadRule(name, f"Write a whole number of days from 1 to {MAX_DAYS}.")
    return value


def ids_of(model: Any, words: str) -> Callable[[str, Any], list[int]]:
    """A check that each of these ids is one of the model's."""

    def check(name: str, value: Any) -> list[int]:
        if not isinstance(value, list | tuple) or not all(type(each) is int for each in value):
            raise BadRule(name, f"Name {words} by their ids.")
        wanted = sorted(set(value))
        if len(wanted) > MAX_NAMED:
            raise BadRule(name, f"Name at most {MAX_NAMED} {words}.")
        if model.objects.filter(pk__in=wanted).count() != len(wanted):
            raise BadRule(name, f"Some of these {words} do not exist.")
        return wanted

    return check


def amount(name: str, value: Any) -> str:
    """An amount in the shop's currency, as text."""
    try:
        spent = Decimal(str(value))
    except InvalidOperation:
        raise BadRule(name, "Write an amount, such as 100.00.") from None
    if not spent.is_finite() or not 0 < spent <= MAX_SPENT:
        raise BadRule(name, f"Write an amount above 0, of at most {MAX_SPENT}.")
    return str(in_places(spent))


def codes(name: str, value: Any) -> list[str]:
    """Codes of countries."""
    if not isinstance(value, list | tuple) or len(value) > len(NAMES):
        raise BadRule(name, "Name countries by their codes, such as DE.")
    for code in value:
        if code not in NAMES:
            raise BadRule(name, f"{str(code)[:60]} is no country code. Write two capital letters, such as DE.")
    return sorted(set(value))


def flag(name: str, value: Any) -> bool:
    """A rule that is there or not. `within_days` alone means it too."""
    if value is not True:
        raise BadRule(name, "This is true or left out.")
    return True


CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "products": ids_of(Product, "products"),
    "categories": ids_of(Category, "categories"),
    "within_days": whole,
    "bought_anything": flag,
    "not_bought_for_days": whole,
    "spent_at_least": amount,
    "countries": codes,
}


def chosen_by(rules: Mapping[str, Any]) -> Chosen:
    """The conditions on those who want news and whom all of these rules choose."""
    since = SINCE.format(days="within_days") if "within_days" in rules else ""
    named = {
        "products": PRODUCTS,
        "categories": CATEGORIES,
        "spent_at_least": SPENT,
        "countries": COUNTRIES,
        "bought_anything": BOUGHT.format(join="") + "{since}",
    }
    parts = [willing(Topic.NEWS)]
    parts += [f"exists ({sql.format(since=since)})" for name, sql in named.items() if name in rules]
    if "not_bought_for_days" in rules:
        parts.append(f"not exists ({BOUGHT.format(join='')} {SINCE.format(days='not_bought_for_days')})")
    conditions = " and ".join(parts)
    params = {name: value for name, value in params_of(rules).items() if f"%({name})s" in conditions}
    return Chosen(conditions, params)


def params_of(rules: Mapping[str, Any]) -> dict[str, Any]:
    """All that conditions may be told, by name."""
    return {
        "products": rules.get("products", []),
        "categories": rules.get("categories", []),
        "within_days": rules.get("within_days"),
        "not_bought_for_days": rules.get("not_bought_for_days"),
        "spent": rules.get("spent_at_least"),
        "currency": settings.CURRENCY,
        "countries": rules.get("countries", []),
    }


def in_words(rules: Mapping[str, Any]) -> Sequence[str]:
    """What these rules ask for, a sentence for each."""
    within = f" in the last {rules['within_days']} days" if "within_days" in rules else ""
    said = []
    if "products" in rules:
        names = Product.objects.filter(pk__in=rules["products"]).order_by("name").values_list("name", flat=True)
        said.append(f"has bought {' or '.join(names)}{within}")
    if "categories" in rules:
        names = Category.objects.filter(pk__in=rules["categories"]).order_by("name").values_list("name", flat=True)
        said.append(f"has bought from {' or '.join(names)}{within}")
    if "bought_anything" in rules:
        said.append(f"has bought anything{within}")
    if "not_bought_for_days" in rules:
        said.append(f"has bought nothing in the last {rules['not_bought_for_days']} days")
    if "spent_at_least" in rules:
        said.append(f"has spent at least {rules['spent_at_least']} {settings.CURRENCY}{within}")
    if "countries" in rules:
        said.append(f"has had goods sent to {', '.join(rules['countries'])}{within}")
    return said

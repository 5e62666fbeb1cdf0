"""System checks of a deployment: settings that suit a trial of the shop and not production, and settings that cannot
change once there are orders."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connections

from database.money import places_of


@register(Tags.security, deploy=True)
def check_links(**kwargs: Any) -> list[CheckMessage]:
    """Warn when a link in a mail leads to `localhost`, which is no storefront for the reader of the mail."""
    links = ("PASSWORD_RESET_URL", "EMAIL_CONFIRM_URL", "ORDER_URL")
    names = [name for name in links if "//localhost" in getattr(settings, name)]
    return [Warning(f"{name} leads to a storefront on the reader's own machine.", id="config.W001") for name in names]


@register(Tags.security, deploy=True)
def check_protections(**kwargs: Any) -> list[CheckMessage]:
    """Warn when guesses of passwords are not limited, or quick to check against a stolen hash."""
    messages: list[CheckMessage] = []
    if not settings.RATE_LIMITS:
        messages.append(Warning("RATE_LIMITS is off: anybody may guess passwords without end.", id="config.W002"))
    if settings.BCRYPT_ROUNDS < 10:
        messages.append(Warning("BCRYPT_ROUNDS is below 10: stolen hashes are quick to guess.", id="config.W003"))
    return messages


@register(Tags.security, deploy=True)
def check_deadline(**kwargs: Any) -> list[CheckMessage]:
    """Warn when a slow statement is left to the server, which goes on with it after its request was given up."""
    statement = settings.DATABASE_STATEMENT_TIMEOUT_MS / 1000
    if 0 < statement < settings.REQUEST_DEADLINE_SECONDS:
        return []
    return [
        Warning(
            "REQUEST_DEADLINE_SECONDS is not above DATABASE_STATEMENT_TIMEOUT_MS: the server goes on with statements "
            "whose requests were given up.",
            id="config.W004",
        )
    ]


@register(Tags.security, deploy=True)
def check_notifications(**kwargs: Any) -> list[CheckMessage]:
    """Warn when a provider of payments cannot tell what happened: payments would be noticed minutes later."""
    told = {"STRIPE_SECRET_KEY": "STRIPE_WEBHOOK_SECRETS", "PAYPAL_CLIENT_ID": "PAYPAL_WEBHOOK_ID"}
    return [
        Warning(f"{needed} is not set: what buyers pay is noticed minutes later.", id="config.W005")
        for account, needed in told.items()
        if getattr(settings, account) and not getattr(settings, needed)
    ]


# Before that, the migration of these columns gives them the decimals of the currency.
MIGRATED = """
select count(*) = 2 from pg_attribute
where attrelid in (to_regclass('orders_order'), to_regclass('catalog_product')) and atttypmod = -1
    and attname in ('total_amount', 'price')
"""
OTHER_DECIMALS = """
select exists (select from catalog_product where scale(price) <> %(places)s::int)
    or exists (select from catalog_variant where scale(price) <> %(places)s::int)
"""
RESCALE = "update catalog_product set price = round(price, {0}); update catalog_variant set price = round(price, {0});"


@register(Tags.database)
def check_currency(*, databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Refuse another currency than the one in which the shop has sold, and prices with other decimals than it has.

    The newest order alone is looked at, and prices only where there is no order: all others were let through here.
    """
    errors: list[CheckMessage] = []
    places = places_of()
    for alias in databases or []:
        with connections[alias].cursor() as cursor:
            cursor.execute(MIGRATED)
            if not cursor.fetchone()[0]:
                continue
            cursor.execute("select currency from orders_order order by id desc limit 1")
            sold_in = cursor.fetchone()
            if sold_in and sold_in[0] != settings.CURRENCY:
                message = f"CURRENCY is {settings.CURRENCY}, but this shop has orders in {sold_in[0]}."
                hint = f"Set CURRENCY={sold_in[0]}, or begin a shop of its own with another database."
                errors.append(Error(message, hint=hint, id="config.E003"))
            if sold_in:
                continue
            cursor.execute(OTHER_DECIMALS, {"places": places})
            if cursor.fetchone()[0]:
                message = f"Some prices have not {places} decimals, as {settings.CURRENCY} has."
                hint = f"Set the CURRENCY of these prices, or round them: {RESCALE.format(places)}"
                errors.append(Error(message, hint=hint, id="config.E004"))
    return errors


TAXES_MIGRATED = """
select exists (select from pg_attribute where attrelid = to_regclass('orders_order') and attname = 'tax_rounding')
"""
NEWEST_TAXED = """
select prices_include_tax, tax_rounding
from (select id, tax_total, prices_include_tax, tax_rounding from orders_order order by id desc limit 1000) as newest
where tax_total > 0 order by id desc limit 1
"""


@register(Tags.database)
def check_taxes(*, databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Refuse another way of taxes than that of the newest order with a tax, among the newest thousand orders.

    Prices would mean something else from one day to the next, and reports would add up two kinds of them.
    """
    errors: list[CheckMessage] = []
    for alias in databases or []:
        with connections[alias].cursor() as cursor:
            cursor.execute(TAXES_MIGRATED)
            if not cursor.fetchone()[0]:
                continue
            cursor.execute(NEWEST_TAXED)
            newest = cursor.fetchone()
        if newest is None:
            continue
        includes, rounding = newest
        for name, ours, theirs in (
            ("PRICES_INCLUDE_TAX", on_or_off(settings.PRICES_INCLUDE_TAX), on_or_off(includes)),
            ("TAX_ROUNDING", settings.TAX_ROUNDING, rounding),
        ):
            if ours != theirs:
                message = f"{name} is {ours}, but this shop has orders with taxes that were made with {theirs}."
                hint = f"Set {name}={theirs}, or begin a shop of its own with another database."
                errors.append(Error(message, hint=hint, id="config.E005"))
    return errors


def on_or_off(switch: bool) -> str:
    """A switch as the environment has it."""
    return "on" if switch else "off"

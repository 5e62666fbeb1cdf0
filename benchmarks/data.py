"""The common data: one generator, from which both shops are filled. Everything is deterministic.

Prices from 5 to 500, every tenth product out of stock, the others with a million units unsold; names and descriptions
of a few common words, so that a search for one of them has thousands of hits. Money is in cents here.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

PASSWORD = "Passw0rd!bench"
BCRYPT_ROUNDS = 12
IN_STOCK = 1_000_000
# Of these some are sold out in each run of W8; they are the oldest products and so on no page that is measured.
FLASH_ARTICLES = 30
FLASH_STOCK = 1_000
WORDS = """
Agile Bold Calm Deep Eager Fresh Grand Handy Ideal Light Merry Neat Prime Quick Royal Sharp Tough
aluminium bronze canvas denim enamel felt graphite jute marble oak
Apron Bench Clock Desk Easel Fan Grill Hammock Iron Jar Kettle Lamp Mug Notebook Oven Planter Quilt Rug Scarf Tray Vase
"""
ADJECTIVES, MATERIALS, NOUNS = (line.split() for line in WORDS.strip().splitlines())
# The last orders are two days old, so that the home page has something to show, and nothing lies in the future.
OPEN_DAYS = 200
FIRST_ORDER = datetime.combine(datetime.now(UTC).date(), time(), UTC) - timedelta(days=OPEN_DAYS + 2)
ARRIVED = FIRST_ORDER - timedelta(days=150)


@dataclass(frozen=True)
class Size:
    products: int
    users: int
    orders_per_user: int
    categories: int = 100

    @property
    def orders(self) -> int:
        return self.users * self.orders_per_user


SMALL = Size(products=10_000, users=1_000, orders_per_user=20)
LARGE = Size(products=100_000, users=10_000, orders_per_user=100)
SIZES = {"small": SMALL, "large": LARGE}


@dataclass(frozen=True, slots=True)
class Product:
    id: int
    sku: str
    name: str
    slug: str
    description: str
    category: int
    cents: int
    stock: int
    created_at: datetime

    @property
    def price(self) -> str:
        return f"{self.cents // 100}.{self.cents % 100:02d}"


@dataclass(frozen=True, slots=True)
class Order:
    """`lines` are products with their quantities. Delivered, but for the last one of each user, which is pending."""

    user: int
    placed_at: datetime
    delivered: bool
    lines: list[tuple[int, int]]


def products(size: Size) -> Iterator[Product]:
    dice = random.Random(20_261_123)
    for number in range(1, size.products + FLASH_ARTICLES + 1):
        adjective, material, noun = dice.choice(ADJECTIVES), dice.choice(MATERIALS), dice.choice(NOUNS)
        name = f"{adjective} {material.title()} {noun} {number}"
        words = " ".join(f"{dice.choice(MATERIALS)} {dice.choice(NOUNS).lower()}" for _ in range(10))
        flash = number > size.products
        yield Product(
            id=number,
            sku=f"BENCH-{number:06d}",
            name=name,
            slug=name.lower().replace(" ", "-"),
            description=f"{name}: a {noun.lower()} of {material}, made to be used each day. {words}"[:240],
            category=(number - 1) % size.categories + 1,
            cents=dice.randint(500, 50_000),
            stock=FLASH_STOCK if flash else 0 if number % 10 == 0 else IN_STOCK,
            created_at=ARRIVED + (timedelta(minutes=-number) if flash else timedelta(seconds=20 * number)),
        )


def orders(size: Size) -> Iterator[Order]:
    """Past orders of three different articles each, oldest first, as long apart as fills OPEN_DAYS."""
    dice, undelivered = random.Random(7), size.orders - size.users
    for number in range(size.orders):
        articles: dict[int, int] = {}
        while len(articles) < 3:
            articles[sellable(dice, size)] = int(dice.random() * 3) + 1
        yield Order(number % size.users + 1, placed_at(size, number), number < undelivered, list(articles.items()))


def placed_at(size: Size, number: int) -> datetime:
    return FIRST_ORDER + number * (timedelta(days=OPEN_DAYS) / size.orders)


def sellable(dice: random.Random, size: Size) -> int:
    """A product that is in stock, any with the same chance. A million orders take three dice each: hence no randint."""
    number = int(dice.random() * size.products) + 1
    return number - 1 if number % 10 == 0 else number


def flash_article(size: Size, place: int) -> int:
    return size.products + 1 + place % FLASH_ARTICLES

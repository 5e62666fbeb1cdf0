"""The staff and the customers of the demo shop."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group

from accounts.models import User

ADMIN_PASSWORD = "demo-admin-password"  # noqa: S105  # public by intention: it is the demo's
STAFF_PASSWORD = "demo-staff-password"  # noqa: S105  # public by intention: it is the demo's
CUSTOMER_PASSWORD = "demo-customer-password"  # noqa: S105  # public by intention: it is the demo's
CUSTOMERS = 50
# One member of staff for each group, beside the superuser admin@example.com.
STAFF = {
    "stock keeper": ("Ines", "Moreau", "stock@example.com"),
    "order desk": ("Tomas", "Lind", "orders@example.com"),
    "catalog editor": ("Priya", "Nair", "catalog@example.com"),
    "administrator": ("Grace", "Okafor", "manager@example.com"),
}
FIRST_NAMES = (
    "Anna", "Ben", "Carla", "Daniel", "Elena", "Felix", "Grace", "Hugo", "Irene", "Jonas", "Keiko", "Liam", "Maria",
    "Noah", "Olivia", "Pedro", "Quinn", "Rosa", "Samuel", "Tara", "Umar", "Vera", "William", "Ximena", "Yusuf", "Zoe",
)  # fmt: skip
LAST_NAMES = (
    "Almeida", "Baker", "Castro", "Dubois", "Evans", "Fischer", "Garcia", "Hansen", "Ivanova", "Johnson", "Kim",
    "Larsen", "Martin", "Novak", "Okoye", "Petrov", "Quist", "Rossi", "Silva", "Tanaka", "Ueda", "Visser", "Walker",
)  # fmt: skip
STREETS = ("Maple Street", "Harbour Road", "Station Road", "Mill Lane", "Church Street", "Orchard Way", "Park Avenue")
# City, state, first digits of the postal code, country.
PLACES = (
    ("Portland", "Oregon", "972", "United States"),
    ("Austin", "Texas", "787", "United States"),
    ("Boston", "Massachusetts", "021", "United States"),
    ("Toronto", "Ontario", "M5V ", "Canada"),
    ("Bristol", "England", "BS1 ", "United Kingdom"),
    ("Lyon", "Auvergne-Rhône-Alpes", "690", "France"),
    ("Hamburg", "Hamburg", "220", "Germany"),
    ("Malmö", "Skåne", "211 ", "Sweden"),
    ("Valencia", "Valencia", "460", "Spain"),
)


@dataclass(frozen=True, slots=True)
class People:
    """The customers, of whom customer@example.com is the first, and the staff who handle orders and stock."""

    customers: list[User]
    order_desk: User
    stock_keeper: User


def create_people(dice: random.Random, now: datetime) -> People:
    """Insert everybody. The three passwords are hashed once each, since a good hash takes a quarter of a second."""
    admin_password, staff_password, customer_password = map(
        make_password, (ADMIN_PASSWORD, STAFF_PASSWORD, CUSTOMER_PASSWORD)
    )
    boss = User(first_name="Ada", last_name="Admin", email="admin@example.com", is_superuser=True)
    staff = [User(first_name=first, last_name=last, email=email) for first, last, email in STAFF.values()]
    for user in (boss, *staff):
        user.is_staff, user.password, user.created_at = True, staff_password, now - timedelta(days=420)
    boss.password = admin_password
    boss, *staff = insert_missing([boss, *staff])
    for user, group in zip(staff, STAFF, strict=True):
        user.groups.add(Group.objects.get(name=group))
    customers = [make_customer(number, dice, now) for number in range(CUSTOMERS)]
    for user in customers:
        user.password = customer_password
    customers = insert_missing(customers)
    by_group = dict(zip(STAFF, staff, strict=True))
    return People(customers, by_group["order desk"], by_group["stock keeper"])


def insert_missing(users: list[User]) -> list[User]:
    """Insert the users without an account, and return the accounts of all. Existing accounts stay as they are."""
    known = {user.email: user for user in User.objects.filter(email__in=[user.email for user in users])}
    User.objects.bulk_create([user for user in users if user.email not in known])
    return [known.get(user.email, user) for user in users]


def make_customer(number: int, dice: random.Random, now: datetime) -> User:
    """A customer with an invented name and address, not saved. Number 0 is customer@example.com."""
    first, last = FIRST_NAMES[number % len(FIRST_NAMES)], LAST_NAMES[number * 7 % len(LAST_NAMES)]
    city, state, postal_code, country = dice.choice(PLACES)
    return User(
        first_name=first,
        last_name=last,
        email="customer@example.com" if number == 0 else f"{first}.{last}{number}@example.com".lower(),
        phone=f"+1 555 01{number:02d}",
        address_line1=f"{dice.randint(1, 180)} {dice.choice(STREETS)}",
        city=city,
        state=state,
        postal_code=f"{postal_code}{dice.randint(10, 99)}",
        country=country,
        created_at=now - timedelta(days=400 - number // 2, minutes=dice.randint(0, 1_400)),
    )

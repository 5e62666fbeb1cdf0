"""The peer with carts: lines, a coupon, shipping, tax and placing, as the same careful team would write them.

A cart is read by two statements, its lines with their products and what its address and coupon mean, and its totals are
computed anew. Placing locks the cart, then the products in one order, takes a use of the coupon that nobody else has
locked, and writes with one statement for each table. `python fastapi_carts.py PORT WORKERS` serves it.
"""

import secrets
import sys
import uuid
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import Depends, Header, HTTPException, Response
from fastapi_peer import answer, app, big, change, engine, line, main, moment, money, product, purchase, table, text
from pydantic import BaseModel, Field
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as insert_or
from sqlalchemy.ext.asyncio import AsyncConnection

percent = sa.Numeric(8, 4)
method = table("shipping_method", code=text, country=text, name=text, price=money, free_above=money)
rate = table("tax_rate", country=text, name=text, percent=percent)
coupon = table("coupon", code=text, percent=percent, per_customer=sa.Integer)
slot = table("coupon_slot", id=big, code=text)
use = table("coupon_use", purchase_id=big, code=text, email=text)
cart = table(
    "cart", id=sa.Uuid, token=text, email=text, shipping=JSONB, method=text, coupon=text, purchase_id=big,
    updated_at=moment,
)  # fmt: skip
cart_line = table("cart_line", id=big, cart_id=sa.Uuid, product_id=big, quantity=sa.Integer)
for name, kind in {"email": text, "items": money, "discount": money, "shipping_price": money, "tax": money}.items():
    purchase.append_column(sa.Column(name, kind))
for name in ("discount", "tax"):
    line.append_column(sa.Column(name, money))

CENT = Decimal("0.01")
# A cart with all that its totals follow from.
country = cart.c.shipping["country"].astext
JOINED = (
    cart.outerjoin(method, (method.c.code == cart.c.method) & (method.c.country == country))
    .outerjoin(rate, rate.c.country == country)
    .outerjoin(coupon, coupon.c.code == cart.c.coupon)
)
CART = sa.select(
    cart,
    method.c.price.label("shipping_price"),
    method.c.free_above,
    rate.c.percent.label("tax_percent"),
    coupon.c.percent.label("off"),
    coupon.c.per_customer,
).select_from(JOINED)
LINES = (
    sa.select(cart_line.c.id, cart_line.c.product_id, cart_line.c.quantity, product.c.sku, product.c.name,
              product.c.price, product.c.stock)
    .join(product, product.c.id == cart_line.c.product_id)
)  # fmt: skip


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def totals(found: Any, lines: list[Any]) -> dict[str, Decimal]:
    """What a cart costs. The discount is on the items, and tax on all that is paid, rounded once each."""
    items = sum((row.price * row.quantity for row in lines), Decimal(0))
    discount = cents(items * found.off / 100) if found.off else Decimal(0)
    free = found.free_above is not None and items - discount >= found.free_above
    shipping = Decimal(0) if free or found.shipping_price is None else found.shipping_price
    tax = cents((items - discount + shipping) * found.tax_percent / 100) if found.tax_percent else Decimal(0)
    total = items - discount + shipping + tax
    return {"items": items, "discount": discount, "shipping": shipping, "tax": tax, "total": total}


def spread(amount: Decimal, lines: list[Any]) -> list[Decimal]:
    """An amount over lines by their prices; the last one takes what rounding has left."""
    items = sum(row.price * row.quantity for row in lines)
    shares = [cents(amount * row.price * row.quantity / items) for row in lines]
    shares[-1] += amount - sum(shares)
    return shares


def document(found: Any, lines: list[Any]) -> dict[str, Any]:
    shown = [
        {"line_id": row.id, "product_id": row.product_id, "sku": row.sku, "product_name": row.name,
         "quantity": row.quantity, "available": row.stock, "unit_price": row.price,
         "subtotal": row.price * row.quantity}
        for row in lines
    ]  # fmt: skip
    missing = [name for name in ("email", "shipping", "method") if not getattr(found, name)]
    return {
        "cart_id": found.id, "email": found.email, "shipping": found.shipping, "method": found.method,
        "coupon": found.coupon, "lines": shown, "totals": totals(found, lines), "requirements": missing,
    }  # fmt: skip


async def read(connection: AsyncConnection, cart_id: uuid.UUID, token: str, *, lock: bool = False) -> Any:
    query = CART.where(cart.c.id == cart_id)
    found = (await connection.execute(query.with_for_update(of=cart, key_share=True) if lock else query)).first()
    if found is None or not secrets.compare_digest(found.token, token):
        raise HTTPException(404)
    return found


async def lines_of(connection: AsyncConnection, cart_id: uuid.UUID) -> list[Any]:
    return list(await connection.execute(LINES.where(cart_line.c.cart_id == cart_id).order_by(cart_line.c.id)))


async def cart_token(x_cart_token: Annotated[str, Header()] = "") -> str:
    return x_cart_token


Token = Annotated[str, Depends(cart_token)]


class Wanted(BaseModel):
    product_id: int
    quantity: int = Field(gt=0, le=10_000)


class Expected(BaseModel):
    expected_total: Decimal


@app.get("/carts/{cart_id}")
async def one_cart(cart_id: uuid.UUID, token: Token) -> Response:
    async with engine.connect() as connection:
        found = await read(connection, cart_id, token)
        return answer(document(found, await lines_of(connection, cart_id)))


@app.post("/carts/{cart_id}/lines")
async def add_line(cart_id: uuid.UUID, body: Wanted, token: Token) -> Response:
    """Units of an article that is there already add up; the answer is the whole cart."""
    async with engine.begin() as connection:
        found = await read(connection, cart_id, token, lock=True)
        if found.purchase_id is not None:
            raise HTTPException(409)
        known = await connection.scalar(sa.select(product.c.id).where(product.c.id == body.product_id))
        if known is None:
            raise HTTPException(404)
        new = insert_or(cart_line).values(cart_id=cart_id, **body.model_dump())
        added = {"quantity": cart_line.c.quantity + new.excluded.quantity}
        await connection.execute(new.on_conflict_do_update(index_elements=["cart_id", "product_id"], set_=added))
        await connection.execute(sa.update(cart).where(cart.c.id == cart_id).values(updated_at=sa.func.now()))
        shown = document(found, await lines_of(connection, cart_id))
    return answer(shown)


@app.post("/carts/{cart_id}/place")
async def place(cart_id: uuid.UUID, body: Expected, token: Token) -> Response:
    """Lock, check, write. A cart that was placed answers its order."""
    async with engine.begin() as connection:
        found = await read(connection, cart_id, token, lock=True)
        if found.purchase_id is not None:
            return answer({"id": found.purchase_id, "status": "pending"}, 201)
        query = LINES.where(cart_line.c.cart_id == cart_id).order_by(product.c.id)
        lines = list(await connection.execute(query.with_for_update(of=product, key_share=True)))
        if not lines or not found.email or found.shipping_price is None:
            raise HTTPException(409, "incomplete")
        short = [{"product_id": row.product_id, "available": row.stock} for row in lines if row.stock < row.quantity]
        if short:
            raise HTTPException(409, short)
        sums = totals(found, lines)
        if sums["total"] != body.expected_total:
            raise HTTPException(409, {"total": str(sums["total"])})
        if found.coupon:
            await take_use(connection, found)
        order = await write(connection, found, lines, sums)
    return answer(order, 201)


async def take_use(connection: AsyncConnection, found: Any) -> None:
    """Take a use of the coupon, unless it is used up or the customer has had it."""
    if found.per_customer is not None:
        await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(found.email))))
        mine = sa.select(sa.func.count()).where(use.c.code == found.coupon, use.c.email == found.email)
        if (await connection.scalar(mine) or 0) >= found.per_customer:
            raise HTTPException(409, "used")
    free = sa.select(slot.c.id).where(slot.c.code == found.coupon).limit(1).with_for_update(skip_locked=True)
    taken = await connection.scalar(sa.delete(slot).where(slot.c.id == free.scalar_subquery()).returning(slot.c.id))
    if taken is None:
        raise HTTPException(409, "used up")


async def write(connection: AsyncConnection, found: Any, lines: list[Any], sums: dict[str, Decimal]) -> Any:
    """Write the order of a cart. Answers its document."""
    row = {
        "email": found.email, "status": "pending", "total": sums["total"], "items": sums["items"],
        "discount": sums["discount"], "shipping_price": sums["shipping"], "tax": sums["tax"],
        "shipping": found.shipping,
    }  # fmt: skip
    new = sa.insert(purchase).values(row).returning(purchase.c.id, purchase.c.created_at)
    order = (await connection.execute(new)).one()
    shares = zip(lines, spread(sums["discount"], lines), spread(sums["tax"], lines), strict=True)
    bought = [
        {"purchase_id": order.id, "product_id": row.product_id, "quantity": row.quantity, "unit_price": row.price,
         "subtotal": row.price * row.quantity, "discount": discount, "tax": tax}
        for row, discount, tax in shares
    ]  # fmt: skip
    await connection.execute(sa.insert(line), bought)
    if found.coupon:
        await connection.execute(sa.insert(use).values(purchase_id=order.id, code=found.coupon, email=found.email))
    less = sa.update(product).where(product.c.id == sa.bindparam("product"))
    await connection.execute(
        less.values(stock=product.c.stock - sa.bindparam("units")),
        [{"product": row.product_id, "units": row.quantity} for row in lines],
    )
    await connection.execute(
        sa.insert(change),
        [{"product_id": row.product_id, "purchase_id": order.id, "delta": -row.quantity, "reason": "order"}
         for row in lines],
    )  # fmt: skip
    await connection.execute(sa.update(cart).where(cart.c.id == found.id).values(purchase_id=order.id))
    return {"id": order.id, "created_at": order.created_at, **row, "items": bought, "items_total": sums["items"]}


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))

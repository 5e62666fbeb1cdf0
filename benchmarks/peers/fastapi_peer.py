"""The peer: the same shop as a careful team would write it in FastAPI, to be measured beside ours.

Async SQLAlchemy Core on asyncpg, orjson, uvloop; an order locks its products in one order, in one statement. A token is
a JWT whose withdrawal is asked of Redis. `python fastapi_peer.py PORT WORKERS` serves it: each worker has a socket
of its own, since with a shared one a single worker often gets all connections, which would flatter us.
"""

import asyncio
import base64
import os
import signal
import socket
import sys
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any

import bcrypt
import jwt
import orjson
import sqlalchemy as sa
import uvicorn
from fastapi import Depends, FastAPI, Header, HTTPException, Response
from pydantic import BaseModel, Field
from redis.asyncio import Redis
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.ext.asyncio import create_async_engine

SECRET = os.environ["PEER_SECRET"]
engine = create_async_engine(os.environ["PEER_DATABASE_URL"], pool_size=10, max_overflow=0)
redis = Redis.from_url(os.environ["PEER_REDIS_URL"])
hashing = ThreadPoolExecutor(2)
app = FastAPI(openapi_url=None)
meta = sa.MetaData()


def table(_name: str, /, **columns: Any) -> sa.Table:
    return sa.Table(_name, meta, *(sa.Column(key, kind, primary_key=key == "id") for key, kind in columns.items()))


big, text, money, moment = sa.BigInteger, sa.Text, sa.Numeric(12, 2), sa.DateTime(timezone=True)
product = table(
    "product", id=big, sku=text, slug=text, name=text, description=text, category_id=sa.Integer, price=money,
    stock=sa.Integer, created_at=moment, search=TSVECTOR,
)  # fmt: skip
customer = table("customer", id=big, email=text, password=text)
purchase = table("purchase", id=big, customer_id=big, status=text, total=money, shipping=JSONB, created_at=moment)
line = table(
    "purchase_line", id=big, purchase_id=big, product_id=big, quantity=sa.Integer, unit_price=money, subtotal=money
)
change = table("stock_change", id=big, product_id=big, purchase_id=big, delta=sa.Integer, reason=text)
SHOWN = [column for column in product.c if column.name != "search"]


def answer(document: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(document, default=str), status, media_type="application/json")


def rows_of(result: sa.CursorResult[Any]) -> list[dict[str, Any]]:
    names = [str(name) for name in result.keys()]  # noqa: SIM118  # a result is no dict
    return [dict(zip(names, row, strict=True)) for row in result]


def cursor_of(row: dict[str, Any], *keys: str) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([row[key] for key in keys], default=str)).decode()


@app.get("/products")
async def products(
    limit: int = 20,
    cursor: str | None = None,
    category: int | None = None,
    price_min: Decimal | None = None,
    price_max: Decimal | None = None,
    in_stock: bool = False,
    sort: str = "newest",
    search: str | None = None,
) -> Response:
    query = sa.select(*SHOWN).limit(min(limit, 100))
    if category is not None:
        query = query.where(product.c.category_id == category)
    if price_min is not None:
        query = query.where(product.c.price >= price_min)
    if price_max is not None:
        query = query.where(product.c.price <= price_max)
    if in_stock:
        query = query.where(product.c.stock > 0)
    after = orjson.loads(base64.urlsafe_b64decode(cursor)) if cursor else None
    keys: tuple[str, ...] = ()
    if search:
        words = sa.func.websearch_to_tsquery(sa.literal_column("'english'"), search)
        query = query.where(product.c.search.op("@@")(words))
        query = query.order_by(sa.func.ts_rank(product.c.search, words).desc(), product.c.id)
    elif sort == "price":
        keys = ("price", "id")
        query = query.order_by(product.c.price, product.c.id)
        if after:
            query = query.where(sa.tuple_(product.c.price, product.c.id) > (Decimal(after[0]), after[1]))
    else:
        keys = ("created_at", "id")
        query = query.order_by(product.c.created_at.desc(), product.c.id.desc())
        if after:
            place = sa.literal(datetime.fromisoformat(after[0]), moment), sa.literal(after[1], big)
            query = query.where(sa.tuple_(product.c.created_at, product.c.id) < sa.tuple_(*place))
    async with engine.connect() as connection:
        found = rows_of(await connection.execute(query))
    more = cursor_of(found[-1], *keys) if keys and len(found) == limit else None
    return answer({"results": found, "next": more})


@app.get("/products/{product_id}")
async def one_product(product_id: int) -> Response:
    async with engine.connect() as connection:
        found = rows_of(await connection.execute(sa.select(*SHOWN).where(product.c.id == product_id)))
    if not found:
        raise HTTPException(404)
    return answer(found[0])


class Credentials(BaseModel):
    email: str
    password: str


@app.post("/login")
async def login(body: Credentials) -> Response:
    async with engine.connect() as connection:
        query = sa.select(customer.c.id, customer.c.password).where(customer.c.email == body.email)
        known = (await connection.execute(query)).first()
    check = (bcrypt.checkpw, body.password.encode(), known.password.encode()) if known else None
    if known is None or not await asyncio.get_running_loop().run_in_executor(hashing, *check):
        raise HTTPException(401)
    claims = {"sub": str(known.id), "jti": uuid.uuid4().hex, "exp": datetime.now(UTC) + timedelta(hours=2)}
    return answer({"access_token": jwt.encode(claims, SECRET, "HS256")})


async def signed_in(authorization: Annotated[str, Header()] = "") -> int:
    try:
        claims = jwt.decode(authorization.removeprefix("Bearer "), SECRET, ["HS256"])
    except jwt.PyJWTError:
        raise HTTPException(401) from None
    if await redis.exists(f"withdrawn:{claims['jti']}"):
        raise HTTPException(401)
    return int(claims["sub"])


Customer = Annotated[int, Depends(signed_in)]


class Wanted(BaseModel):
    product_id: int
    quantity: int = Field(gt=0, le=10_000)


class Basket(BaseModel):
    items: list[Wanted] = Field(min_length=1, max_length=100)
    shipping: dict[str, str]

    def quantities(self) -> dict[int, int]:
        wanted: Counter[int] = Counter()
        for item in self.items:
            wanted[item.product_id] += item.quantity
        return dict(sorted(wanted.items()))


@app.post("/orders")
async def place_order(body: Basket, customer_id: Customer) -> Response:
    """Lock, check, write: the usual way, with one statement for each table."""
    wanted = body.quantities()
    async with engine.begin() as connection:
        query = sa.select(product.c.id, product.c.price, product.c.stock).where(product.c.id.in_(wanted))
        found = (await connection.execute(query.order_by(product.c.id).with_for_update(key_share=True))).all()
        if len(found) < len(wanted):
            raise HTTPException(404)
        short = [{"product_id": row.id, "available": row.stock} for row in found if row.stock < wanted[row.id]]
        if short:
            raise HTTPException(409, short)
        total = sum(row.price * wanted[row.id] for row in found)
        new = sa.insert(purchase).values(customer_id=customer_id, status="pending", total=total, shipping=body.shipping)
        order = (await connection.execute(new.returning(purchase.c.id, purchase.c.created_at))).one()
        lines = [
            {"purchase_id": order.id, "product_id": row.id, "quantity": wanted[row.id], "unit_price": row.price,
             "subtotal": row.price * wanted[row.id]}
            for row in found
        ]  # fmt: skip
        await connection.execute(sa.insert(line), lines)
        less = sa.update(product).where(product.c.id == sa.bindparam("product"))
        await connection.execute(
            less.values(stock=product.c.stock - sa.bindparam("units")),
            [{"product": key, "units": units} for key, units in wanted.items()],
        )
        await connection.execute(
            sa.insert(change),
            [{"product_id": k, "purchase_id": order.id, "delta": -n, "reason": "order"} for k, n in wanted.items()],
        )
    document = {"id": order.id, "status": "pending", "total": total, "created_at": order.created_at, "items": lines}
    return answer(document, 201)


@app.get("/orders/mine")
async def my_orders(customer_id: Customer, limit: int = 10) -> Response:
    async with engine.connect() as connection:
        query = sa.select(purchase).where(purchase.c.customer_id == customer_id)
        newest = query.order_by(purchase.c.created_at.desc(), purchase.c.id.desc()).limit(limit)
        found = rows_of(await connection.execute(newest))
        places = {order["id"]: order for order in found}
        for order in found:
            order["items"] = []
        for item in rows_of(await connection.execute(sa.select(line).where(line.c.purchase_id.in_(places)))):
            places[item["purchase_id"]]["items"].append(item)
    return answer({"results": found})


def serve(port: int) -> None:
    own = socket.socket()
    own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    own.bind(("127.0.0.1", port))
    uvicorn.Server(uvicorn.Config(app, access_log=False, log_level="warning", ws="none")).run(sockets=[own])


def main(port: int, workers: int) -> None:
    children = []
    for _ in range(workers):
        if child := os.fork():
            children.append(child)
        else:
            serve(port)
            os._exit(0)
    signal.signal(signal.SIGTERM, lambda number, frame: [os.kill(child, number) for child in children])
    for child in children:
        os.waitpid(child, 0)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))

"""The catalog: what visitors read, how lists are filtered and paged, and what editors change."""

from tests.recorded.forms import BOUNDARY, multipart, picture
from tests.recorded.recorder import Recorder
from tests.recorded.shop import product

LIST_QUERIES = (
    "search=oak&page_size=2",
    "search=oak%20chair",
    "search=oaak%20chairr&expand=none",
    "search=tabble&expand=none&page_size=2",
    "search=zzzzzz",
    "search=%22oak%20table%22%20-bench&expand=none",
    "search=lamp&ordering=price&expand=none",
    "search=lamp&ordering=relevance&expand=none&page_size=2",
    "ordering=relevance&page_size=1",
    "category=furniture&expand=none&page_size=3&count=exact",
    "category=chairs&expand=none&page_size=3&ordering=-price",
    "category=empty",
    "category=unknown",
    "price_min=30&price_max=50&expand=none",
    "price_min=30.00&ordering=price&page_size=2&expand=none",
    "price_min=50&price_max=30",
    "in_stock=true&category=kitchen&expand=none&page_size=3",
    "in_stock=false&expand=none",
    "in_stock=0&expand=all&page_size=1",
    "in_stock_only=true&page_size=1",
    "in_stock_only=false&page_size=1",
    "in_stock=false&in_stock_only=1&page_size=1&expand=none",
    "attributes.material=oak&expand=none&page_size=3",
    "attributes.material=oak&attributes.seats=1",
    "attributes.outdoor=true&expand=none",
    "attributes.width=1.6&expand=none",
    "attributes.color=gr%C3%B6%C3%9Fer&expand=none",
    "attributes.material=",
    "attributes.=x",
    f"attributes.{'x' * 65}=1",
    f"attributes.color={'x' * 256}",
    "&".join(f"attributes.a{number}=1" for number in range(11)),
    "ordering=name&page_size=2&expand=none",
    "ordering=-name&page_size=2&expand=none",
    "ordering=newest&page_size=1",
    "status=active&page_size=1",
    "status=draft",
    "ordering=stock",
    "ordering=",
    "expand=variants",
    "page_size=0",
    "page_size=101",
    "page_size=2.5",
    "page_size=-1",
    "page_size=%20",
    "count=yes",
    "price_min=-1",
    "price_min=1e3",
    "price_max=0.001",
    "price_max=100000000000000",
    "in_stock=yes",
    "in_stock_only=TRUE",
    f"search={'x' * 201}",
    f"category={'x' * 121}",
    "search=a%00b",
    "search=%ff",
    "price_min=x&price_max=y&in_stock=z&ordering=x&page_size=x",
    "x=" + "y" * 4100,
    "&".join(["page_size=1"] * 101),
)
# As they were handed out before: a client may come back with one.
CURSORS = (
    # ["-created_at,-id",0,"2100-01-01T00:00:00+00:00",5]
    "WyItY3JlYXRlZF9hdCwtaWQiLDAsIjIxMDAtMDEtMDFUMDA6MDA6MDArMDA6MDAiLDVd",
    # ["-created_at,-id",1,"2000-01-01T00:00:00+00:00",5]
    "WyItY3JlYXRlZF9hdCwtaWQiLDEsIjIwMDAtMDEtMDFUMDA6MDA6MDArMDA6MDAiLDVd",
    # ["price_from,id",0,"30.00",1], of another order
    "WyJwcmljZV9mcm9tLGlkIiwwLCIzMC4wMCIsMV0",
    # ["-created_at,-id",0,"2100-01-01",5], ["-created_at,-id",2,...], {}, and what is no base64
    "WyItY3JlYXRlZF9hdCwtaWQiLDAsIjIxMDAtMDEtMDEiLDVd",
    "WyItY3JlYXRlZF9hdCwtaWQiLDIsIjIxMDAtMDEtMDFUMDA6MDA6MDArMDA6MDAiLDVd",
    "e30",
    "x",
    "a.b",
    "y" * 2501,
)


def lists(shop: Recorder) -> None:
    ask = shop.ask
    for query in LIST_QUERIES:
        ask("visitor", f"GET /products?{query}")
    for cursor in CURSORS:
        ask("visitor", f"GET /products?page_size=1&expand=none&cursor={cursor}")
    ask(
        "visitor", "GET /products?ordering=price&page_size=1&expand=none&cursor=WyJwcmljZV9mcm9tLGlkIiwwLCIzMC4wMCIsMV0"
    )
    for ordering in ("newest", "price", "-price", "name", "-name"):
        page = ask("visitor", f"GET /products?ordering={ordering}&page_size=2&expand=none&count=exact")
        shop.there_and_back("visitor", page)
    page = ask("visitor", "GET /products/?search=lamp&page_size=1&expand=none")
    shop.there_and_back("visitor", page)
    page = ask("visitor", "GET /products?search=lampp&page_size=2&expand=none&count=exact")
    shop.there_and_back("visitor", page)
    page = ask("visitor", "GET /products?category=&page_size=1&expand=none&search=lamp!")
    ask("visitor", f"GET {page.link('next')}")
    ask("editor", "GET /products?status=draft&expand=none")
    ask("editor", "GET /products?status=archived&count=exact")
    ask("editor", "GET /products?status=gone")
    ask("stock", "GET /products?status=draft")
    ask("ann", "GET /products?page_size=1")
    for path in ("/products?page_size=1", "/products/?page_size=1", "/products/facets?search=lamp", "/categories"):
        ask("visitor", f"HEAD {path}")
        ask("visitor", f"GET {path}", If_None_Match="*")
    for query in (
        "",
        "category=furniture",
        "category=unknown",
        "search=oak",
        "search=lampp",
        "price_min=20&price_max=50",
        "in_stock=true&attributes.material=oak",
        "in_stock_only=true",
        "in_stock=2",
        "price_min=x",
        "status=draft",
        "status=x&category=" + "x" * 121,
    ):
        ask("visitor", f"GET /products/facets?{query}")
    ask("editor", "GET /products/facets/?status=draft")


def reading(shop: Recorder) -> None:
    ask = shop.ask
    chair, mug, sofa, old = (product(shop, slug) for slug in ("oak-chair", "mug", "sofa", "old-chair"))
    first, version = chair["product_id"], chair["version"]
    ask("visitor", f"GET /products/{first}")
    ask("visitor", f"GET /products/{first}/")
    ask("visitor", "GET /products/oak-chair")
    ask("visitor", "GET /products/kasebrett-fur-zwei/")
    ask("visitor", f"HEAD /products/{first}")
    ask("visitor", f"GET /products/{first}", If_None_Match="*")
    ask("visitor", f"GET /products/{first}", If_None_Match=f'"{version}"')
    shop.ask_again("visitor", f"GET /products/{first}")
    shop.ask_again("visitor", f"HEAD /products/{first}", "x, W/")
    for path in ("999999", "0", "9223372036854775807", "9223372036854775808", "no-such", "Oak Chair", "1.5"):
        ask("visitor", f"GET /products/{path}")
    for role in ("visitor", "ann", "stock", "editor"):
        ask(role, f"GET /products/{sofa['product_id']}")
        ask(role, f"GET /products/{old['product_id']}")
        ask(role, f"GET /products/{sofa['product_id']}/variants")
    number = mug["product_id"]
    page = ask("visitor", f"GET /products/{number}/variants?page_size=2&count=exact")
    shop.there_and_back("visitor", page)
    small = mug["variants"][0]["variant_id"]
    ask("visitor", f"GET /products/{number}/variants/{small}")
    ask("visitor", f"HEAD /products/{number}/variants/{small}/")
    ask("visitor", f"GET /products/{number}/variants/{small}", If_None_Match="*")
    ask("visitor", f"GET /products/{first}/variants/{small}")
    ask("visitor", "GET /products/999999/variants")
    ask("visitor", f"GET /products/{number}/variants?page_size=x&cursor=y")
    ask("visitor", f"GET /products/{number}/images")
    ask("visitor", "GET /products/999999/images")
    page = ask("visitor", "GET /categories?page_size=2&count=exact")
    shop.there_and_back("visitor", page)
    ask("visitor", "GET /categories?page_size=x")
    ask("visitor", "GET /categories?cursor=WyJuYW1lLGlkIiwwLCJMIiwxXQ&page_size=1")
    for path in ("furniture", "chairs/", "unknown", "a%20b"):
        ask("visitor", f"GET /categories/{path}")
    ask("visitor", "HEAD /categories/furniture")
    ask("visitor", "GET /categories/furniture", If_None_Match="*")


def categories(shop: Recorder) -> None:
    ask = shop.ask
    for body in (
        {"name": "Outdoor", "slug": "outdoor", "parent": "furniture"},
        {"name": "Outdoor"},
        {"name": "Other", "slug": "outdoor"},
        {"name": "Other", "slug": "42"},
        {"name": "Other", "slug": "a b"},
        {"name": "Other", "slug": "x" * 121},
        {"name": "Other", "parent": "unknown"},
        {"name": "x" * 101},
        {"name": ""},
        {"name": None},
        {"name": 5, "parent": 5},
        {"title": "Other"},
        {},
    ):
        ask("editor", "POST /categories", body)
    ask("editor", "PATCH /categories/outdoor", {"name": "Garden"}, If_Match='"1"')
    ask("editor", "PATCH /categories/outdoor", {"name": "Yard"}, If_Match='"1"')
    ask("editor", "PUT /categories/outdoor/", {"parent": None})
    ask("editor", "PUT /categories/outdoor", {})
    ask("editor", "PATCH /categories/outdoor", {"slug": "chairs"})
    ask("editor", "PATCH /categories/outdoor", {"parent": "outdoor"})
    ask("editor", "PATCH /categories/outdoor", {"name": ""})
    ask("editor", "PATCH /categories/outdoor", {"name": "Y", "colour": "green"})
    ask("editor", "PATCH /categories/furniture", {"parent": "chairs"})
    ask("editor", "PUT /categories/unknown", {"name": "X"})
    ask("editor", "PATCH /categories/unknown", {"name": "X"})
    parent = "outdoor"
    for level in range(2, 10):
        parent = ask("admin", "POST /categories", {"name": f"Level {level}", "parent": parent}).get("slug", parent)
    ask("editor", "DELETE /categories/furniture")
    ask("editor", "DELETE /categories/chairs")
    ask("editor", f"DELETE /categories/{parent}/")
    ask("editor", f"DELETE /categories/{parent}")
    ask("editor", "DELETE /categories/level-7", {"really": True})


def images(shop: Recorder) -> None:
    ask = shop.ask
    number = product(shop, "oak-chair")["product_id"]
    form = f"multipart/form-data; boundary={BOUNDARY}"
    path = f"POST /products/{number}/images"
    image = ask("editor", path, multipart(file=picture(), alt="A chair"), type=form)
    ask("editor", f"{path}/", multipart(file=picture("JPEG")), type=form)
    ask("editor", path, multipart(file=picture("WEBP"), alt=""), type=form)
    ask("editor", path, multipart(file=picture("GIF")), type=form)
    ask("editor", path, multipart(file=picture()[:40]), type=form)
    ask("editor", path, multipart(file=b""), type=form)
    ask("editor", path, multipart(alt="no file"), type=form)
    ask("editor", path, multipart(file="text"), type=form)
    ask("editor", path, multipart(file=picture(), alt="x" * 256), type=form)
    ask("editor", path, multipart(file=picture(), title="x"), type=form)
    ask("editor", path, multipart(file=picture())[:50], type=form)
    ask("editor", path, multipart(file=picture()), type="multipart/form-data")
    ask("editor", path, multipart(alt="one")[: -len(BOUNDARY) - 6] + multipart(file=picture(), alt="two"), type=form)
    ask("editor", path, {"file": "x"})
    ask("visitor", path, multipart(file=picture()), type=form)
    ask("ann", path, multipart(file=picture()), type=form)
    ask("editor", "POST /products/999999/images", multipart(file=picture()), type=form)
    ask("visitor", f"GET /products/{number}/images?count=exact&page_size=1")
    ask("visitor", f"HEAD /products/{number}/images")
    ask("visitor", f"GET /products/{number}")
    ask("visitor", "GET /products?search=oak%20chair&page_size=1")
    ask("editor", f"PATCH /products/{number}/images/{image['image_id']}", {"alt": "From behind"})
    ask("ann", f"DELETE /products/{number}/images/{image['image_id']}")
    ask("editor", f"DELETE /products/{number}/images/{image['image_id']}", {})
    ask("editor", f"DELETE /products/{number}/images/{image['image_id']}/")
    ask("editor", f"DELETE /products/{number}/images/{image['image_id']}")
    ask("editor", f"GET /products/{number}/images/{image['image_id']}")
    bowl = product(shop, "salad-bowl")["product_id"]
    for _ in range(20):
        shop.send("editor", f"POST /products/{bowl}/images", multipart(file=picture()), type=form)
    ask("editor", f"POST /products/{bowl}/images", multipart(file=picture()), type=form)
    with_large = multipart(file=b"x" * (10 * 1024 * 1024 + 1))
    ask("editor", path, with_large, type=form)

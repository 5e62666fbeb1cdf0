// A customer's day through a client whose types are generated from the description: node journey.js http://127.0.0.1:8000 SKU
import assert from "node:assert/strict";
import createClient, { type Middleware } from "openapi-fetch";
import type { components, paths } from "./schema.js";

const [, , baseUrl = "", sku = ""] = process.argv;
const shop = createClient<paths>({ baseUrl });
const email = "typescript@example.com";
const password = "a password of the journey";

// Register and log in; a wrong password is a problem of its own type.
const person = { first_name: "Ty", last_name: "Script", email, password, phone: "", city: null };
const registered = await shop.POST("/api/v1/users", { body: person });
assert.equal(registered.data?.email, email);
const wrong = await shop.POST("/api/v1/users/login", { body: { email, password: "wrong" } });
assert.equal(wrong.error?.code, "invalid_credentials");
const session = await shop.POST("/api/v1/users/login", { body: { email, password } });
assert(session.data);
const { access_token } = session.data;
const signedIn: Middleware = {
  onRequest({ request }) {
    request.headers.set("Authorization", `Bearer ${access_token}`);
  },
};
shop.use(signedIn);

// Browse: a list, and one product by its id and by its slug.
const list = await shop.GET("/api/v1/products", { params: { query: { page_size: 5, expand: ["none"] } } });
const first = list.data?.results[0];
assert(first);
const byId = await shop.GET("/api/v1/products/{product_id}", { params: { path: { product_id: first.product_id } } });
const bySlug = await shop.GET("/api/v1/products/{product_id}", { params: { path: { product_id: first.slug } } });
assert.equal(byId.data?.sku, bySlug.data?.sku);

// Order, twice with one key: one order.
type NewOrder = components["schemas"]["PlaceOrderRequest"];
const order: NewOrder = {
  order_items: [{ sku, quantity: 1 }],
  shipping_address_line1: "1 Main Street",
  shipping_city: "Springfield",
  shipping_state: "IL",
  shipping_postal_code: "62701",
  shipping_country: "USA",
};
const header = { "Idempotency-Key": "typescript-1" };
const placed = await shop.POST("/api/v1/orders", { params: { header }, body: order });
assert(placed.data);
assert.equal(placed.data.order_items[0]?.sku, sku);
const again = await shop.POST("/api/v1/orders", { params: { header }, body: order });
assert.equal(again.data?.order_id, placed.data.order_id);
assert.equal(again.response.headers.get("Idempotent-Replayed"), "true");

// Too much: the code tells the compiler which members the problem has.
const greedy = { ...order, order_items: [{ sku, quantity: 1000 }] } satisfies NewOrder;
const refused = await shop.POST("/api/v1/orders", { body: greedy });
assert(refused.error?.code === "insufficient_stock");
assert.equal(refused.error.stock_issues[0]?.requested, 1000);

// Read one's own orders, and cancel.
const own = await shop.GET("/api/v1/orders/my-orders");
assert.deepEqual(own.data?.results.map((each) => each.order_id), [placed.data.order_id]);
const path = { order_id: placed.data.order_id };
const cancelled = await shop.POST("/api/v1/orders/{order_id}/cancel", { params: { path }, body: { reason: "" } });
assert.equal(cancelled.data?.status, "cancelled");
const missing = await shop.GET("/api/v1/orders/{order_id}", { params: { path: { order_id: 999_999 } } });
assert.equal(missing.error?.code, "not_found");

// @ts-expect-error  a line names an article
const nothing: NewOrder = { ...order, order_items: [{ quantity: 1 }] };
assert(nothing);
// @ts-expect-error  amounts are text
const price: components["schemas"]["Product"]["price"] = 29.99;
assert(price);

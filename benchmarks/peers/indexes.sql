create index on product (created_at desc, id desc);
create index on product (category_id, price, id);
create index on product using gin (search);
create index on purchase (customer_id, created_at desc, id desc);
create index on purchase_line (purchase_id);
create index on stock_change (product_id, id);

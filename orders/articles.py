"""What an article is called and what it costs, as expressions of SQL. Both are read again for each order.

In a statement the row of catalog_product is called `p`, and the row of catalog_variant `v`.
"""

NAME = "left(case when v.name = '' then p.name else p.name || ' (' || v.name || ')' end, 255)"
PRICE = "coalesce(v.price, p.price)"

"""What an article is called and what it costs, as expressions of SQL. Both are read again for each order.

In a statement the row of catalog_product is called `p`, and the row of catalog_variant `v`.
"""

NAME = "left(case when v.name = '' then p.name else p.name || ' (' || v.name || ')' end, 255)"
PRICE = "coalesce(v.price, p.price)"
# The ids of the product's category and of all above it, as an array. Promotions may be for any of them.
ABOVE = """array(
    with recursive above as (
        select id, parent_id from catalog_category where id = p.category_id
        union all
        select c.id, c.parent_id from catalog_category c join above on c.id = above.parent_id
    ) select id from above)"""

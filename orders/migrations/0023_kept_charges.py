"""What an order was charged, and what promotions took off it, cannot be rewritten, and its lines only as revisions tell.

Instant: triggers, no row is read. Creating a trigger waits for transactions that write to the table, and orders wait
behind it meanwhile. So it gives up after two seconds, and `migrate` can be called again.
"""

from django.db import migrations

KEPT = """
set local lock_timeout = '2s';
create trigger charge_append_only before update or delete on orders_charge
    for each row execute function refuse_change();
create trigger charge_no_truncate before truncate on orders_charge
    for each statement execute function refuse_change();
create trigger orderdiscount_append_only before update or delete on orders_orderdiscount
    for each row execute function refuse_change();
create trigger orderdiscount_no_truncate before truncate on orders_orderdiscount
    for each statement execute function refuse_change();
-- A line becomes less, or goes, in the transaction in which a revision has told of it. It says nothing else ever.
create function keep_lines() returns trigger language plpgsql as $$
declare left_over integer := case tg_op when 'DELETE' then 0 else new.quantity end;
begin
    if tg_op = 'UPDATE' and row(new.id, new.order_id, new.product_id, new.variant_id, new.sku, new.product_name,
            new.unit_price, new.tax_rate, new.tax_name)
        is distinct from row(old.id, old.order_id, old.product_id, old.variant_id, old.sku, old.product_name,
            old.unit_price, old.tax_rate, old.tax_name)
        or left_over >= old.quantity
        or not exists (
            select from orders_orderrevision
            where order_id = old.order_id and order_item_id = old.id
            and quantity_before = old.quantity and quantity_after = left_over
        )
    then
        raise exception 'orders_orderitem is append-only but for what a revision tells'
            using errcode = 'restrict_violation';
    end if;
    return case tg_op when 'DELETE' then old else new end;
end $$;
create trigger orderitem_append_only before update or delete on orders_orderitem
    for each row execute function keep_lines();
create trigger orderitem_no_truncate before truncate on orders_orderitem
    for each statement execute function refuse_change();
"""
NOT_KEPT = """
drop trigger orderitem_no_truncate on orders_orderitem;
drop trigger orderitem_append_only on orders_orderitem;
drop function keep_lines();
drop trigger orderdiscount_no_truncate on orders_orderdiscount;
drop trigger orderdiscount_append_only on orders_orderdiscount;
drop trigger charge_no_truncate on orders_charge;
drop trigger charge_append_only on orders_charge;
"""


class Migration(migrations.Migration):

    dependencies = [("orders", "0022_money_of_orders")]

    operations = [migrations.RunSQL(KEPT, NOT_KEPT)]

"""What an order was charged, and what promotions took off it, cannot be rewritten. Instant: triggers, no row is read.

Creating a trigger waits for transactions that write to the table, and orders wait behind it meanwhile. So it gives up
after two seconds, and `migrate` can be called again.
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
"""
NOT_KEPT = """
drop trigger orderdiscount_no_truncate on orders_orderdiscount;
drop trigger orderdiscount_append_only on orders_orderdiscount;
drop trigger charge_no_truncate on orders_charge;
drop trigger charge_append_only on orders_charge;
"""


class Migration(migrations.Migration):

    dependencies = [("orders", "0022_money_of_orders")]

    operations = [migrations.RunSQL(KEPT, NOT_KEPT)]

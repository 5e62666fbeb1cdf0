"""No two variants with the same options; axes that keep their sequence; places from 1; pictures of one variant."""

import catalog.options
import django.db.models.deletion
from django.db import migrations, models

# Rows from before stay valid: of live twins the first alone gets its key, so the index has no word on the others.
# Rows that are written twice would be checked at the end, and no index could be made before.
IMMEDIATE = "set constraints all immediate"
KEYS = f"""
update catalog_variant set position = least(position, 32766) + 1,
    options_key = {catalog.options.OptionsKey.template % {"expressions": "options"}}
"""
TWINS = """
update catalog_variant as v set options_key = null
from (
    select id, row_number() over (partition by product_id, options_key order by position, id) as twin
    from catalog_variant where archived_at is null and options_key is not null
) as live
where live.id = v.id and live.twin > 1
"""
AXES = """
with pair as (
    select v.product_id, o.key, o.value,
           row_number() over (partition by v.product_id order by v.position, v.id, o.place) as place
    from catalog_variant v cross join lateral jsonb_each_text(v.options) with ordinality as o (key, value, place)
    where v.archived_at is null
), single as (
    select product_id, key, value, min(place) as place from pair group by product_id, key, value
), axis as (
    select product_id, min(place) as place,
           jsonb_build_object('name', key, 'values', jsonb_agg(value order by place)) as axis
    from single group by product_id, key
)
update catalog_product as p set option_axes = axes.axes
from (select product_id, jsonb_agg(axis order by place) as axes from axis group by product_id) as axes
where axes.product_id = p.id
"""


class Migration(migrations.Migration):
    dependencies = [("catalog", "0004_max_per_customer")]

    operations = [
        migrations.AddField(
            model_name="product",
            name="option_axes",
            field=models.JSONField(
                db_default=models.Value([], models.JSONField()), default=list, editable=False
            ),
        ),
        migrations.AddField(
            model_name="variant",
            name="options_key",
            field=models.CharField(editable=False, max_length=32, null=True),
        ),
        migrations.AlterField(
            model_name="variant",
            name="position",
            field=models.PositiveSmallIntegerField(default=1, help_text="Its place among the variants, from 1."),
        ),
        migrations.AlterField(
            model_name="image", name="position", field=models.PositiveSmallIntegerField(default=1)
        ),
        migrations.AddField(
            model_name="image",
            name="version",
            field=models.PositiveIntegerField(db_default=1, default=1, editable=False),
        ),
        migrations.AddField(
            model_name="image",
            name="variant",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="catalog.variant",
            ),
        ),
        migrations.RunSQL([IMMEDIATE, KEYS, TWINS, AXES], migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="variant",
            constraint=models.UniqueConstraint(
                condition=models.Q(archived_at=None),
                fields=["product", "options_key"],
                name="variant_options_unique",
                violation_error_code="options_taken",
                violation_error_message="Another variant of the product has these options.",
            ),
        ),
    ]

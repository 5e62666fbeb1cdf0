"""What staff say about a step and what the customer reads are two texts.

A lost line used to tell the customer the reason that staff had given for the loss: "2 x MUG lost. Water damage."
"""

from django.db import migrations, models

LOST = "event in ('line_lost', 'cancelled') and note ~ '^[0-9]+ x .* lost[.] '"


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0009_money_without_scale"),
    ]

    operations = [
        migrations.AddField(
            model_name="orderevent",
            name="reason",
            field=models.CharField(blank=True, db_default="", default="", help_text="For staff alone.", max_length=255),
        ),
        migrations.AlterField(
            model_name="orderevent",
            name="note",
            field=models.CharField(blank=True, help_text="The customer reads this.", max_length=255),
        ),
        # The trigger refuses every change of the history.
        migrations.RunSQL(
            f"""
            alter table orders_orderevent disable trigger orderevent_append_only;
            update orders_orderevent
            set note = told.words, reason = substr(note, length(told.words) + 2)
            from (
                select id, substring(note from '^[0-9]+? x .*? lost[.]') as words from orders_orderevent where {LOST}
            ) as told
            where told.id = orders_orderevent.id;
            alter table orders_orderevent enable trigger orderevent_append_only;
            """,
            """
            alter table orders_orderevent disable trigger orderevent_append_only;
            update orders_orderevent set note = left(note || ' ' || reason, 255) where reason <> '';
            alter table orders_orderevent enable trigger orderevent_append_only;
            """,
        ),
    ]

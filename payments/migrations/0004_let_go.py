from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0003_operation_authorize"),
    ]

    operations = [
        migrations.AlterField(
            model_name="payment",
            name="review",
            field=models.CharField(
                blank=True,
                choices=[
                    ("other_amount", "The provider has another amount than was asked for."),
                    ("other_currency", "The provider has another currency than was asked for."),
                    ("refund_refused", "The provider refused a refund, or it failed."),
                    ("capture_refused", "The money that was set apart could not be taken."),
                    ("let_go", "The money that was set apart was let go before it was taken."),
                ],
                db_default="",
                default="",
                max_length=16,
            ),
        ),
    ]

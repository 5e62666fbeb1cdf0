from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0002_books_and_rights")]

    operations = [
        migrations.AlterField(
            model_name="operation",
            name="kind",
            field=models.CharField(
                choices=[
                    ("create", "Create"),
                    ("authorize", "Authorize"),
                    ("capture", "Capture"),
                    ("cancel", "Cancel"),
                    ("refund", "Refund"),
                ],
                max_length=9,
            ),
        ),
    ]

"""Entries of the books are only added, which a trigger enforces; and who may see money, take it and give it back."""

from django.db import migrations

RIGHTS = {
    "order desk": ("view_payment", "capture_payment", "refund_payment"),
    "administrator": ("view_payment", "capture_payment", "refund_payment", "refund_any_amount"),
}
NAMES = {
    "view_payment": "Can view payment",
    "capture_payment": "Can take money",
    "refund_payment": "Can refund up to REFUND_LIMIT",
    "refund_any_amount": "Can refund any amount",
}


def give_rights(apps, schema_editor):
    """Permissions are made after all migrations, so these are made now, as Django would make them."""
    ContentType = apps.get_model("contenttypes", "ContentType")
    Permission = apps.get_model("auth", "Permission")
    Group = apps.get_model("auth", "Group")
    content_type, _ = ContentType.objects.get_or_create(app_label="payments", model="payment")
    for name, rights in RIGHTS.items():
        group, _ = Group.objects.get_or_create(name=name)
        for right in rights:
            permission, _ = Permission.objects.get_or_create(
                content_type=content_type, codename=right, defaults={"name": NAMES[right]}
            )
            group.permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0001_initial"),
        ("orders", "0020_pickers"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.RunSQL(
            """
            create trigger entry_append_only before update or delete on payments_entry
                for each row execute function refuse_change();
            create trigger entry_no_truncate before truncate on payments_entry
                for each statement execute function refuse_change();
            """,
            """
            drop trigger entry_no_truncate on payments_entry;
            drop trigger entry_append_only on payments_entry;
            """,
        ),
        migrations.RunPython(give_rights, migrations.RunPython.noop),
    ]

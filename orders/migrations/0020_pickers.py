"""Whoever packs parcels: the group of pickers, who see neither prices nor lists of customers. What it may do is data."""

from django.db import migrations

RIGHTS = ("view", "add")
GROUPS = ("picker", "order desk", "administrator")


def give_rights(apps, schema_editor):
    """Permissions are made after all migrations, so these are made now, as Django would make them."""
    ContentType = apps.get_model("contenttypes", "ContentType")
    Permission = apps.get_model("auth", "Permission")
    Group = apps.get_model("auth", "Group")
    content_type, _ = ContentType.objects.get_or_create(app_label="orders", model="fulfilment")
    groups = [Group.objects.get_or_create(name=name)[0] for name in GROUPS]
    for verb in RIGHTS:
        permission, _ = Permission.objects.get_or_create(
            content_type=content_type, codename=f"{verb}_fulfilment", defaults={"name": f"Can {verb} parcel"}
        )
        for group in groups:
            group.permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0019_parcels_of_the_past"),
        ("accounts", "0015_rights_to_notes"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.AlterModelOptions(name="fulfilment", options={"ordering": ["id"], "verbose_name": "parcel"}),
        migrations.RunPython(give_rights, migrations.RunPython.noop),
    ]

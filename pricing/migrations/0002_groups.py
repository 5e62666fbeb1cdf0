"""What the groups of staff may do with taxes, shipping and promotions. It is data: an administrator can change it."""

from django.db import migrations

MODELS = ("taxclass", "taxrate", "zone", "shippingmethod", "shippingrate", "promotion")
VIEW = [f"view_{model}" for model in MODELS]
CHANGE = [f"{verb}_{model}" for verb in ("add", "change", "delete") for model in MODELS]
GROUPS = {
    "order desk": VIEW,
    "catalog editor": [*VIEW, "add_promotion", "change_promotion", "delete_promotion"],
    "administrator": [*VIEW, *CHANGE],
}


def give_permissions(apps, schema_editor):
    """Permissions are made after all migrations, so those named here are made now, as Django would make them."""
    ContentType = apps.get_model("contenttypes", "ContentType")
    Permission = apps.get_model("auth", "Permission")
    Group = apps.get_model("auth", "Group")
    for name, codenames in GROUPS.items():
        group = Group.objects.filter(name=name).first()  # an administrator may have renamed or removed it
        for codename in codenames if group is not None else ():
            verb, model = codename.split("_", 1)
            content_type, _ = ContentType.objects.get_or_create(app_label="pricing", model=model)
            label = apps.get_model("pricing", model)._meta.verbose_name
            row, _ = Permission.objects.get_or_create(
                content_type=content_type, codename=codename, defaults={"name": f"Can {verb} {label}"}
            )
            group.permissions.add(row)


class Migration(migrations.Migration):
    dependencies = [
        ("pricing", "0001_initial"),
        ("accounts", "0002_groups"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [migrations.RunPython(give_permissions, migrations.RunPython.noop)]

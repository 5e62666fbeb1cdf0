"""The four groups that staff belong to. What each may do is data: an administrator can change it in the dashboard."""

from django.db import migrations

VIEW_CATALOG = ["catalog.view_product", "catalog.view_variant", "catalog.view_category", "catalog.view_image"]
VIEW_STOCK = [
    "inventory.view_stockitem",
    "inventory.view_stocklevel",
    "inventory.view_stockmovement",
    "inventory.view_reservation",
    "inventory.view_stockalert",
    "inventory.view_warehouse",
]
VIEW_ORDERS = ["orders.view_order", "orders.view_orderitem", "orders.view_orderevent"]
CHANGE_CATALOG = [
    f"catalog.{verb}_{model}" for verb in ("add", "change", "delete") for model in ("product", "variant", "category", "image")
]
GROUPS = {
    "stock keeper": [
        *VIEW_CATALOG,
        *VIEW_STOCK,
        "inventory.change_stockitem",
        "inventory.change_stocklevel",
        "inventory.add_warehouse",
        "inventory.change_warehouse",
    ],
    "order desk": [*VIEW_CATALOG, *VIEW_STOCK, *VIEW_ORDERS, "orders.change_order", "accounts.view_user"],
    "catalog editor": [*VIEW_CATALOG, *VIEW_STOCK, *CHANGE_CATALOG],
}
GROUPS["administrator"] = [
    *{permission for permissions in GROUPS.values() for permission in permissions},
    "orders.delete_order",
    "accounts.add_user",
    "accounts.change_user",
    "events.view_event",
    "events.view_sentmail",
]


def create_groups(apps, schema_editor):
    """Permissions are made after all migrations, so those named here are made now, as Django would make them."""
    ContentType = apps.get_model("contenttypes", "ContentType")
    Permission = apps.get_model("auth", "Permission")
    Group = apps.get_model("auth", "Group")
    for name, permissions in GROUPS.items():
        group, _ = Group.objects.get_or_create(name=name)
        for permission in sorted(permissions):
            app, codename = permission.split(".")
            verb, model = codename.split("_", 1)
            content_type, _ = ContentType.objects.get_or_create(app_label=app, model=model)
            label = apps.get_model(app, model)._meta.verbose_name
            row, _ = Permission.objects.get_or_create(
                content_type=content_type, codename=codename, defaults={"name": f"Can {verb} {label}"}
            )
            group.permissions.add(row)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("catalog", "0001_initial"),
        ("events", "0001_initial"),
        ("inventory", "0001_initial"),
        ("orders", "0001_initial"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [migrations.RunPython(create_groups, migrations.RunPython.noop)]

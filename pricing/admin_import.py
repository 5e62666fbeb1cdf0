"""The page that imports a table of tax rates: it checks all lines first, and then writes all or none."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase

from events.actors import admin_actor
from pricing.admin_forms import ImportForm
from pricing.imports import COLUMNS, MAX_ROWS, MOST_ERRORS, Wrong, check_tax_rates, import_tax_rates
from staff.frame import StaffAdmin


def import_page(admin: StaffAdmin[Any], request: HttpRequest) -> HttpResponseBase:
    """Show the form; check a table, or import it. A table that is wrong is shown with the errors of its lines."""
    form = ImportForm(request.POST, request.FILES) if request.method == "POST" else ImportForm()
    wrong: Wrong | None = None
    if form.is_bound and form.is_valid():
        table, replace = form.cleaned_data["file"], form.cleaned_data["replace"]
        try:
            if form.cleaned_data["only_check"]:
                count = check_tax_rates(table=table, replace=replace)
                messages.info(request, f"{rates(count)} can be imported. Nothing was written yet.")
                form = ImportForm(initial={"replace": replace, "only_check": False})
            else:
                count = import_tax_rates(table=table, replace=replace, actor=admin_actor(request))
                messages.success(request, f"{rates(count)} imported.")
                return HttpResponseRedirect(admin.url("changelist"))
        except Wrong as error:
            wrong = error
    return admin.show(
        request,
        "admin/pricing/import.html",
        "Import tax rates",
        form=form,
        wrong=wrong,
        columns=COLUMNS,
        most_rows=MAX_ROWS,
        most_errors=MOST_ERRORS,
    )


def rates(count: int) -> str:
    """So many rates, in words."""
    return "1 rate" if count == 1 else f"{count:,} rates"

"""The API's description and two readers of it. All of it works without the internet: the bundles come from wheels."""

import importlib.util
import json
from collections.abc import Callable
from functools import cache, wraps
from pathlib import Path
from typing import Any, TypeVar, cast

from csp.decorators import csp_update
from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from drf_spectacular.views import SpectacularSwaggerSplitView

from api.views import etag_of, matches

View = TypeVar("View", bound=Callable[..., Any])
# Both readers set styles on their elements; their scripts are files of our own origin.
inline_styles = csp_update({"style-src": settings.DOCUMENTATION_STYLE_SRC, "img-src": ["'self'", "data:", "blob:"]})
RENDERERS = {"json": OpenApiJsonRenderer, "yaml": OpenApiYamlRenderer}
# Nothing of Scalar's is asked from its own hosts: no fonts, no telemetry, no proxy.
SCALAR = {
    "withDefaultFonts": False,
    "telemetry": False,
    "hideClientButton": True,
    "showDeveloperTools": "never",
    "agent": {"disabled": True},
    "mcp": {"disabled": True},
}


def switchable(view: View) -> View:
    """Let a view exist only while API_DOCUMENTATION is on."""

    @wraps(view)
    def switched(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if not settings.API_DOCUMENTATION:
            raise Http404
        return view(request, *args, **kwargs)

    return cast(View, switched)


@cache
def schema_bytes(kind: str) -> bytes:
    """The description, generated once in the life of a process: it follows from the code alone."""
    schema = SchemaGenerator().get_schema(request=None, public=True)
    content: bytes = RENDERERS[kind]().render(schema)
    return content


@require_safe
@switchable
def schema(request: HttpRequest) -> HttpResponse:
    """`/api/v1/schema`, as JSON, or as YAML with `?format=yaml`."""
    kind = "yaml" if request.GET.get("format") == "yaml" else "json"
    content = schema_bytes(kind)
    headers = {"ETag": etag_of(content), "Cache-Control": "public, max-age=60"}
    if matches(request.headers.get("If-None-Match", ""), headers["ETag"]):
        return HttpResponse(status=304, headers=headers)
    media_type = "application/yaml" if kind == "yaml" else "application/json"
    return HttpResponse(content, content_type=media_type, headers=headers)


@method_decorator([require_safe, switchable, inline_styles], name="dispatch")
class SwaggerView(SpectacularSwaggerSplitView):
    """`/docs`: Swagger UI, whose script is a file of its own. A page for everybody, whatever token they show."""

    authentication_classes: list[type] = []
    throttle_classes: list[type] = []


@require_safe
@switchable
@inline_styles
def scalar(request: HttpRequest) -> HttpResponse:
    """`/scalar`: the same description in Scalar."""
    context = {
        "title": settings.SPECTACULAR_SETTINGS["TITLE"],
        "schema_url": reverse("schema"),
        "bundle_url": reverse("scalar-bundle"),
        "configuration": json.dumps(SCALAR),
    }
    return render(request, "docs/scalar.html", context)


@cache
def scalar_bundle_path() -> Path | None:
    """The one file that we use of the wheel which carries Scalar; its code is never run."""
    spec = importlib.util.find_spec("flask_openapi_scalar")
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "templates" / "scalar" / "js" / "scalar.standalone.js"


@require_safe
@switchable
@cache_control(public=True, max_age=86_400)
def scalar_bundle(request: HttpRequest) -> FileResponse:
    """`/scalar/bundle.js`: the script of Scalar. 404 when its wheel is not installed."""
    path = scalar_bundle_path()
    if path is None:
        raise Http404("Scalar's bundle is not installed: pip install --no-deps -r requirements/documentation.txt")
    return FileResponse(path.open("rb"), content_type="text/javascript; charset=utf-8")

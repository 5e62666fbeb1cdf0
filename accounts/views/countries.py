"""Countries over HTTP: how addresses are written in each."""

from functools import cache
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.countries import country, folded
from accounts.country_names import NAMES
from accounts.serializers_addresses import CountriesSerializer, CountrySerializer
from api.filters import NoFilters
from api.serializers import document_of
from api.views import ViewSet
from database.refusals import NotFound

# What they say changes with a release of the shop alone.
AN_HOUR = "max-age=3600"


class CountryViewSet(ViewSet):
    """Countries: which fields an address has there, which of them it needs, and the regions."""

    permission_classes = [AllowAny]
    pagination_class = None  # type: ignore[assignment]  # the list of all has no pages
    filterset_class = NoFilters  # nor what a page is asked for with
    scopes = {"list": "", "retrieve": ""}
    lookup_url_kwarg = "country_code"
    lookup_value_converter = "str"
    cache_control = f"private, {AN_HOUR}"
    cache_control_of_visitors = f"public, {AN_HOUR}"

    @extend_schema(
        operation_id="listCountries",
        summary="All countries by name",
        responses={200: CountriesSerializer},
        auth=[],
    )
    def list(self, request: Request) -> Response:
        """All countries at once, by their English names: what a form needs to offer them."""
        return Response(all_countries())

    @extend_schema(
        operation_id="getCountry",
        summary="How addresses of one country are written",
        responses=CountrySerializer,
        auth=[],
    )
    def retrieve(self, request: Request, country_code: str) -> Response:
        """One country by its ISO code of two letters. Refuses NotFound."""
        return Response(document_of_country(country_code.upper()))


@cache
def all_countries() -> dict[str, Any]:
    """The list of countries. It is kept, and nobody changes it."""
    return document_of(CountriesSerializer, {"results": [{"code": code, "name": name} for code, name in by_name()]})


def by_name() -> list[tuple[str, str]]:
    """Codes and names of all countries by name, with those that begin with a letter like Å beside A."""
    return sorted(NAMES.items(), key=lambda entry: folded(entry[1]))


def document_of_country(code: str) -> dict[str, Any]:
    """The document of a country. Refuses NotFound."""
    known = country(code)
    if known is None:
        raise NotFound
    return document_of(CountrySerializer, known)

"""Addresses of the catalog, below /api/v1/."""

from django.urls import path

from catalog.views import categories, parts, products

urlpatterns = [
    path("products", products.ProductsView.as_view()),
    path("products/facets", products.FacetsView.as_view()),
    path("products/<id:product_id>", products.ProductView.as_view()),
    path("products/<slug:slug>", products.ProductBySlugView.as_view()),
    path("products/<id:product_id>/variants", parts.VariantsView.as_view()),
    path("products/<id:product_id>/variants/<id:variant_id>", parts.VariantView.as_view()),
    path("products/<id:product_id>/images", parts.ImagesView.as_view()),
    path("products/<id:product_id>/images/<id:image_id>", parts.ImageView.as_view()),
    path("categories", categories.CategoriesView.as_view()),
    path("categories/<slug:slug>", categories.CategoryView.as_view()),
]

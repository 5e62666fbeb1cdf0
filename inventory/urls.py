"""Addresses of stock, below /api/v1/."""

from django.urls import path

from inventory import views

urlpatterns = [
    path("inventory/items", views.ItemsView.as_view()),
    path("inventory/items/<sku:sku>", views.ItemView.as_view()),
    path("inventory/items/<sku:sku>/as-of", views.AsOfView.as_view()),
    path("inventory/receipts", views.ReceiptsView.as_view()),
    path("inventory/adjustments", views.AdjustmentsView.as_view()),
    path("inventory/transfers", views.TransfersView.as_view()),
    path("inventory/movements", views.MovementsView.as_view()),
    path("inventory/alerts", views.AlertsView.as_view()),
    path("inventory/warehouses", views.WarehousesView.as_view()),
    path("inventory/warehouses/<slug:code>", views.WarehouseView.as_view()),
]

"""Addresses of orders, below /api/v1/."""

from django.urls import path

from orders import views

urlpatterns = [
    path("orders", views.OrdersView.as_view()),
    path("orders/my-orders", views.MyOrdersView.as_view()),
    path("orders/statistics", views.StatisticsView.as_view()),
    path("orders/user-statistics", views.UserStatisticsView.as_view()),
    path("orders/health/stock-check", views.StockCheckView.as_view()),
    path("orders/<id:order_id>", views.OrderView.as_view()),
    path("orders/<id:order_id>/status", views.OrderStatusView.as_view()),
    path("orders/<id:order_id>/cancel", views.OrderCancelView.as_view()),
    path("orders/<id:order_id>/history", views.OrderHistoryView.as_view()),
]

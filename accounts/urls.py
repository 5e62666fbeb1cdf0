"""Addresses of people and sessions, below /api/v1/."""

from django.urls import path

from accounts import views

urlpatterns = [
    path("users", views.Users.as_view()),
    path("users/login", views.Login.as_view()),
    path("users/logout", views.Logout.as_view()),
    path("users/token/refresh", views.Refresh.as_view()),
    path("users/me", views.Me.as_view()),
    path("users/password-reset", views.PasswordReset.as_view()),
    path("users/password-reset/confirm", views.PasswordResetConfirm.as_view()),
    path("users/<id:user_id>", views.UserDetail.as_view()),
]

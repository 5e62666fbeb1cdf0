"""Addresses of the pages that readers of mails come to, below /newsletter/."""

from django.urls import path

from marketing import pages

urlpatterns = [
    path("confirm/<str:token>", pages.confirm, name="newsletter-confirm"),
    path("unsubscribe/<str:token>", pages.unsubscribe, name="newsletter-unsubscribe"),
    path("preferences/<str:token>", pages.preferences, name="newsletter-preferences"),
]

"""アドレス."""

from django.urls import path

from django_site import views

urlpatterns = [
    path("", views.home),
    path("notices/<slug:kind>", views.notice),
    path("persons", views.find),
    path("persons/<slug:number>", views.person),
    path("households/<slug:number>", views.household),
    path("sending", views.sending),
    path("returned", views.returned),
    path("style.css", views.style),
]

from django.contrib import admin
from django.urls import include, path

from portal.demo import views as views_views
from portal.home import views
from portal.own_data.views import my_data
from portal.sign_up import views as sign_up_views
from portal.talk.views import menus, messages, reviews
from wallet.views.cards import stripe_events

handler500 = views.server_error

urlpatterns = [
    path("", views.home, name="home"),
    path("mon-compte/", views.account, name="account"),
    path("mon-compte/mes-donnees/", my_data, name="my_data"),
    path(".well-known/security.txt", views.security_txt, name="security_txt"),
    path("couleurs.css", views.authority_css, name="authority_css"),
    path("informations/contact/", messages.contact, name="contact"),
    path("informations/<slug:slug>/", views.legal, name="legal"),
    path("menus/", menus.kitchens, name="kitchens"),
    path("menus/<id:pk>/", menus.kitchen, name="kitchen"),
    path("mes-menus/", menus.my_menus, name="my_menus"),
    path("avis/<id:pk>/", reviews.reviews, name="reviews"),
    path("avis/<id:pk>/retirer/", reviews.withdraw, name="reviews_withdraw"),
    path("sante/", views.health, name="health"),
    path("demo/codes/", views_views.codes, name="codes"),
    path("demo/messages/", views_views.inbox, name="inbox"),
    path("demo/messages/<str:name>/", views_views.inbox, name="inbox_letter"),
    path("mes-filiations/", include("families.urls")),
    path("mes-services/", include("services.urls")),
    path("porte-monnaie/", include("wallet.urls")),
    path("paiements/stripe/evenements/", stripe_events, name="stripe_events"),
    path("reservations/", include("reservations.urls")),
    path("cesu/", include("cesu.orders.urls")),
    path("aide/", include("cesu.aid.urls")),
    path("inscription/", sign_up_views.details, name="signup"),
    path("inscription/recommencer/", sign_up_views.begin_again, name="signup_again"),
    path("inscription/filiations/", sign_up_views.members, name="signup_members"),
    path("inscription/filiations/<id:pk>/retirer/", sign_up_views.remove_member, name="signup_remove_member"),
    path("inscription/services/", sign_up_views.services, name="signup_services"),
    path("inscription/services/<id:pk>/", sign_up_views.situations, name="signup_situations"),
    path("comptes/", include("accounts.urls")),
    path("comptes/signup/", sign_up_views.details_of_allauth, name="account_signup"),
    path("comptes/", include("allauth.urls")),
    path("admin/", admin.site.urls),
]

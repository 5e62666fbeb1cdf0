"""People and sessions: what they read, what they change, and every kind of refusal."""

from django.contrib.auth.tokens import default_token_generator
from django.utils.http import urlsafe_base64_encode

from accounts.mailed_links import confirmation_token, uid_of
from accounts.models import User
from tests.recorded.recorder import Recorder
from tests.recorded.shop import PASSWORD, id_of

FORM = "application/x-www-form-urlencoded"
PERSON = {"first_name": "Ida", "last_name": "Stone", "email": "ida@example.com", "password": PASSWORD}
OWN = {"first_name": "Ann", "last_name": "Smith-Jones", "email": "ann@example.com"}


def registering(shop: Recorder) -> None:
    ask = shop.ask
    everything = {
        "phone": "1",
        "address_line1": "2",
        "address_line2": "",
        "city": " Rome ",
        "state": "",
        "postal_code": "00100",
        "country": "Italy",
    }
    ask("visitor", "POST /users/", PERSON | everything)
    ask("visitor", "POST /users", PERSON)
    ask("visitor", "POST /users", PERSON | {"email": "IDA@Example.com"})
    ask("visitor", "POST /users", {})
    ask("visitor", "POST /users", PERSON | {"role": "admin", "is_staff": True})
    ask("visitor", "POST /users", {"email": "no address", "password": "short", "first_name": "", "last_name": " "})
    ask("visitor", "POST /users", PERSON | {"email": "x1@example.com", "first_name": 7, "last_name": ["x"]})
    ask("visitor", "POST /users", PERSON | {"email": "x1@example.com", "first_name": None, "password": None})
    ask("visitor", "POST /users", PERSON | {"email": "x1@example.com", "first_name": "x" * 101, "phone": "1" * 33})
    ask("visitor", "POST /users", PERSON | {"email": "x1@example.com", "password": "1234567890123"})
    ask("visitor", "POST /users", PERSON | {"email": "x1@example.com", "password": "password12"})
    ask("visitor", "POST /users", PERSON | {"email": "idastone99@example.com", "password": "idastone99"})
    ask("visitor", "POST /users", PERSON | {"email": "x1@example.com", "password": "y" * 129})
    ask("visitor", "POST /users", PERSON | {"email": "x" * 250 + "@example.com"})
    ask("visitor", "POST /users", PERSON | {"email": "x1@example.com", "first_name": "a\u0000b"})


def signing_in(shop: Recorder) -> None:
    ask = shop.ask
    good = {"email": "ben@example.com", "password": PASSWORD}
    ask("visitor", "POST /users/login", good)
    ask("visitor", "POST /users/login/", {"email": "BEN@example.com ", "password": PASSWORD})
    ask("visitor", "POST /users/login", b"username=ben%40example.com&password=correct+horse+battery", type=FORM)
    form = b"grant_type=password&username=ben%40example.com&password=correct+horse+battery&scope=&client_id="
    ask("visitor", "POST /users/login", form, type=f"{FORM}; charset=utf-8")
    ask("visitor", "POST /users/login", b"username=ben&username=ann&password=x", type=FORM)
    ask("visitor", "POST /users/login", b"username=%ff&password=x", type=FORM)
    ask("visitor", "POST /users/login", b"username=ben", type=FORM)
    ask("visitor", "POST /users/login", b"username=ben&password=x&email=ben", type=FORM)
    ask("visitor", "POST /users/login", b"username=ben&password=x&grant_type=code", type=FORM)
    ask("visitor", "POST /users/login", b"username=ben&password=x", type=f"{FORM}; charset=latin-1")
    ask("visitor", "POST /users/login", good | {"password": "wrong one"})
    ask("visitor", "POST /users/login", good | {"email": "nobody@example.com"})
    ask("visitor", "POST /users/login", good | {"email": "disabled@example.com"})
    ask("visitor", "POST /users/login", {"email": "ben@example.com"})
    ask("visitor", "POST /users/login", good | {"remember": True})
    ask("visitor", "POST /users/login", {"email": 1, "password": None})
    ask("visitor", "POST /users/login", b"<xml/>", type="text/xml")
    ask("visitor", "GET /users/login")
    tokens = ask("visitor", "POST /users/login", good)
    successor = ask("visitor", "POST /users/token/refresh", {"refresh_token": tokens["refresh_token"]})
    ask("visitor", "POST /users/token/refresh", {"refresh_token": successor["access_token"]})
    ask("visitor", "POST /users/token/refresh", {"refresh_token": "no.token.ofours"})
    ask("visitor", "POST /users/token/refresh", {"refresh_token": "x" * 2001})
    ask("visitor", "POST /users/token/refresh", {})
    ask("visitor", "POST /users/token/refresh", {"refresh_token": None, "access_token": ""})
    shop.tokens["refreshed"] = successor["access_token"]
    ask("refreshed", "HEAD /users/logout")
    ask("refreshed", "GET /users/me")
    ask("refreshed", "GET /users/logout")
    ask("refreshed", "GET /users/logout")
    ask("refreshed", "POST /users/logout/")
    ask("visitor", "POST /users/token/refresh", {"refresh_token": successor["refresh_token"]})
    ask("visitor", "POST /users/logout")
    shop.tokens["again"] = ask("visitor", "POST /users/login", good)["access_token"]
    ask("again", "POST /users/logout", {"anything": 1})


def profiles(shop: Recorder) -> None:
    ask = shop.ask
    ann, ben, desk = id_of("ann"), id_of("ben"), id_of("desk")
    ask("ann", "GET /users/me")
    ask("ann", "HEAD /users/me/")
    ask("ann", "GET /users/me", If_None_Match="*")
    ask("ann", "PATCH /users/me", {"city": "Shelbyville", "phone": ""})
    ask("ann", "PATCH /users/me", {"city": "Shelbyville"})
    ask("ann", "PATCH /users/me", {})
    ask("ann", "PATCH /users/me", {"city": "Rome"}, If_Match='"1"')
    ask("ann", "PATCH /users/me", {"city": "Rome"}, If_Match='"2"')
    ask("ann", "PATCH /users/me", {"city": "Paris"}, If_Match='"3.0123456789abcdef0123"')
    ask("ann", "PATCH /users/me", {"city": "Oslo"}, If_Match="*")
    ask("ann", "PATCH /users/me", {"city": "Oslo"}, If_Match="W/nonsense")
    ask("ann", "PUT /users/me", OWN)
    ask("ann", "PUT /users/me", OWN | {"email": "ben@example.com", "current_password": PASSWORD})
    ask("ann", "PUT /users/me", OWN | {"email": "ann.new@example.com"})
    ask("ann", "PUT /users/me", OWN | {"email": "ann.new@example.com", "current_password": "wrong one"})
    ask("ann", "PATCH /users/me", {"password": "short", "current_password": PASSWORD})
    ask("ann", "PATCH /users/me", {"password": "another long one 7"})
    ask("ann", "PATCH /users/me", {"role": "admin", "user_id": 1, "version": 3})
    ask("ann", "PATCH /users/me", {"first_name": "", "email": "x"})
    ask("ann", "PATCH /users/me", {"first_name": 1.5, "city": {"name": "x"}, "country": "x" * 101})
    ask("ann", "PATCH /users/me", {"postal_code": "x" * 21, "state": True})
    ask("ann", f"GET /users/{ann}")
    ask("ann", f"PATCH /users/{ann}", {"state": "IL"})
    ask("ann", f"GET /users/{ben}")
    ask("ann", f"PATCH /users/{ben}", {"state": "IL"})
    ask("clerk", f"GET /users/{ben}/")
    ask("desk", f"GET /users/{ben}")
    ask("desk", f"PATCH /users/{ben}", {"state": "IL"})
    ask("clerk", f"PATCH /users/{ben}", {"state": "IL", "postal_code": "62701"})
    ask("clerk", f"PATCH /users/{ben}", {"state": "WI"}, If_Match='"1"')
    ask("clerk", f"PATCH /users/{ben}", {"password": "another long one 7", "current_password": PASSWORD})
    ask("clerk", f"PATCH /users/{desk}", {"state": "IL"})
    ask("admin", f"PATCH /users/{desk}", {"state": "IL"})
    ask("admin", f"PATCH /users/{ben}", {"email": "ANN@example.com"})
    ask("admin", f"PUT /users/{ben}", {"first_name": "Ben", "last_name": "Miller", "email": "ben@example.com"})
    ask("admin", f"PATCH /users/{ben}", {"is_staff": True, "groups": [1]})
    ask("admin", "GET /users/999999")
    ask("admin", "PATCH /users/999999", {"state": "IL"})
    ask("admin", "GET /users/0")
    ask("admin", "GET /users/9223372036854775808")
    ask("admin", "GET /users/x")
    ida = {"email": "ida@example.com", "password": PASSWORD}
    shop.tokens["elsewhere"] = ask("visitor", "POST /users/login", ida)["access_token"]
    shop.tokens["ida"] = ask("visitor", "POST /users/login", ida)["access_token"]
    changes = {"email": "ida.new@example.com", "password": "another long one 7", "current_password": PASSWORD}
    ask("ida", "PATCH /users/me", changes)
    ask("elsewhere", "GET /users/me")
    ask("ida", "GET /users/me")


def leaving_and_resets(shop: Recorder) -> None:
    ask = shop.ask
    ask("visitor", "POST /users/password-reset", {"email": "ben@example.com"})
    ask("visitor", "POST /users/password-reset/", {"email": "nobody@example.com"})
    ask("visitor", "POST /users/password-reset", {"email": "nobody"})
    ask("visitor", "POST /users/password-reset", {})
    ask("visitor", "POST /users/password-reset", {"email": ["x"], "next": "/"})
    ben = User.objects.get(email="ben@example.com")
    uid, token = urlsafe_base64_encode(str(ben.pk).encode()), default_token_generator.make_token(ben)
    reset = {"uid": uid, "token": token, "new_password": "another long one 7"}
    ask("visitor", "POST /users/password-reset/confirm", reset | {"token": "wrong"})
    ask("visitor", "POST /users/password-reset/confirm", reset | {"uid": "?"})
    ask("visitor", "POST /users/password-reset/confirm", reset | {"new_password": "short"})
    ask("visitor", "POST /users/password-reset/confirm", reset | {"password": "x"})
    ask("visitor", "POST /users/password-reset/confirm", {"uid": None, "token": "x" * 129})
    ask("visitor", "POST /users/password-reset/confirm", reset)
    ask("visitor", "POST /users/password-reset/confirm", reset)
    ask("ben", "GET /users/me")
    signed_in = ask("visitor", "POST /users/login", {"email": "ben@example.com", "password": "another long one 7"})
    shop.tokens["ben"] = signed_in["access_token"]
    ask("visitor", "DELETE /users/me")
    ask("admin", "POST /users/me", {})


def countries(shop: Recorder) -> None:
    ask = shop.ask
    ask("visitor", "GET /countries")
    ask("ann", "GET /countries/")
    ask("visitor", "GET /countries?search=ger")
    ask("visitor", "GET /countries/DE")
    ask("visitor", "GET /countries/ca/")
    ask("visitor", "GET /countries/ZZ")
    ask("visitor", "GET /countries/Germany")
    ask("visitor", "GET /countries/DE", If_None_Match="*")
    ask("visitor", "POST /countries", {})


def address_book(shop: Recorder) -> None:
    ask = shop.ask
    american = {"recipient_name": "Ann Smith", "address_line1": "1 Main Street", "city": "Springfield"}
    american |= {"state": "Illinois", "postal_code": "62701", "country_code": "us"}
    german = {"recipient_name": "Ann Smith", "company": "Smith GmbH", "vat_id": "DE136695976", "phone": "555 0100"}
    german |= {"address_line1": "Kastanienallee 1", "postal_code": "D-10435", "city": "Berlin", "country_code": "DE"}
    for name in ("zoe", "yan"):
        person = {"email": f"{name}@example.com", "password": PASSWORD}
        ask("visitor", "POST /users", PERSON | person)
        shop.tokens[name] = ask("visitor", "POST /users/login", person)["access_token"]
    ask("visitor", "POST /users/me/addresses", american)
    ask("visitor", "GET /users/me/addresses")
    first = ask("zoe", "POST /users/me/addresses", american, Idempotency_Key="first address")["address_id"]
    ask("zoe", "POST /users/me/addresses", american, Idempotency_Key="first address")
    second = ask("zoe", "POST /users/me/addresses/", german | {"is_default_billing": True})["address_id"]
    ask("zoe", "POST /users/me/addresses", american | {"state": "Bavaria", "postal_code": "1", "city": ""})
    ask("zoe", "POST /users/me/addresses", american | {"country_code": "ZZ"})
    ask("zoe", "POST /users/me/addresses", american | {"user": 1, "country_code": "USA"})
    ask("zoe", "POST /users/me/addresses", {})
    ask("zoe", "GET /users/me/addresses?count=exact")
    ask("zoe", "GET /users/me/addresses?page_size=1")
    ask("zoe", "GET /users/me/addresses?city=Berlin")
    ask("zoe", f"GET /users/me/addresses/{first}")
    ask("yan", f"GET /users/me/addresses/{first}")
    ask("zoe", f"PATCH /users/me/addresses/{second}", {"is_default_shipping": True})
    ask("zoe", f"PATCH /users/me/addresses/{first}", {"city": "Chicago"}, If_Match='"1"')
    ask("zoe", f"PATCH /users/me/addresses/{first}", {"postal_code": ""})
    ask("zoe", f"PATCH /users/me/addresses/{first}", {"city": "Chicago", "postal_code": "60601"})
    ask("yan", f"PATCH /users/me/addresses/{first}", {"city": "Chicago"})
    ask("yan", f"DELETE /users/me/addresses/{second}")
    ask("zoe", f"DELETE /users/me/addresses/{second}", If_Match='"1"')
    ask("zoe", f"DELETE /users/me/addresses/{second}")
    ask("zoe", f"DELETE /users/me/addresses/{second}")


def confirming(shop: Recorder) -> None:
    ask = shop.ask
    user = User.objects.get(email="zoe@example.com")
    link = {"uid": uid_of(user), "token": confirmation_token(user)}
    ask("visitor", "POST /users/me/confirm-email")
    ask("zoe", "POST /users/me/confirm-email")
    ask("visitor", "POST /users/confirm-email", link | {"token": "wrong"})
    ask("visitor", "POST /users/confirm-email", link | {"uid": "?"})
    ask("visitor", "POST /users/confirm-email", {"token": link["token"]})
    ask("visitor", "POST /users/confirm-email", link)
    ask("visitor", "POST /users/confirm-email/", link)
    ask("zoe", "GET /users/me")
    ask("zoe", "POST /users/me/confirm-email/")


def own_sessions(shop: Recorder) -> None:
    ask = shop.ask
    good = {"email": "ida.new@example.com", "password": "another long one 7"}
    shop.tokens["first"] = ask("visitor", "POST /users/login", good)["access_token"]
    shop.tokens["second"] = ask("visitor", "POST /users/login", good)["access_token"]
    ask("visitor", "POST /users/login", good | {"device_token": "none of ours"})
    ask("visitor", "GET /users/me/sessions")
    listed = ask("first", "GET /users/me/sessions/?count=exact")
    newest, *_, oldest = (row["session_id"] for row in listed["results"])
    ask("first", "GET /users/me/sessions?page_size=2")
    ask("first", "GET /users/me/sessions?state=all")
    ask("first", "GET /users/me/sessions?cursor=x")
    ask("visitor", f"DELETE /users/me/sessions/{newest}")
    ask("ann", f"DELETE /users/me/sessions/{newest}")
    ask("second", f"DELETE /users/me/sessions/{newest}")
    ask("second", f"DELETE /users/me/sessions/{newest}")
    ask("second", "DELETE /users/me/sessions/1")
    ask("second", f"GET /users/me/sessions/{oldest}")
    ask("visitor", "DELETE /users/me/sessions")
    ask("second", "DELETE /users/me/sessions", {"all": True})
    ask("second", "DELETE /users/me/sessions")
    ask("first", "GET /users/me/sessions")
    ask("second", "GET /users/me/sessions")


def lists_of_people(shop: Recorder) -> None:
    ask = shop.ask
    page = ask("clerk", "GET /users?page_size=2&count=exact")
    after = shop.there_and_back("clerk", page)
    ask("clerk", f"GET {after.link('next')}")
    for query in (
        "search=ann",
        "search=SMITH%20be",
        "search=zzz",
        "search=example.com&page_size=1",
        "city=springfield",
        "country=usa&page_size=1",
        "country=Italy&city=rome",
        "role=admin&page_size=1",
        "role=customer&page_size=1",
        "role=customer&search=ben&count=exact",
        "page_size=1&city=&search=",
        "page_size=100&role=admin&city=x&count=exact",
        "role=staff",
        "role=",
        "page_size=0",
        "page_size=101",
        "page_size=x&count=all",
        "count=",
        "cursor=x",
        "cursor=%21",
        f"search={'x' * 101}",
        f"city={'x' * 101}&country={'x' * 101}&role=x",
    ):
        ask("admin", f"GET /users?{query}")
    ask("desk", "GET /users/?search=ben")
    ask("desk", "HEAD /users?search=ben")
    ask("desk", "GET /users?search=ben", If_None_Match="*")
    ask("stock", "GET /users")

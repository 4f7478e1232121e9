"""The terminals of a Tillkeeper database on SQLite in a Django admin: how long a page takes.

    server/benches/django_admin/run [FILE] [--rounds 200] [--seconds 20]
    server/benches/django_admin/run setup

`run` installs Django for this user, once; with `setup` it does no more. FILE is what the search benchmark leaves in
target/tmp unless another one is named; it is opened read-only. Django's own tables (users, sessions) are in memory.

It asks what server/benches/search asks, of two admins: the one that anybody writes, and one that does without the counts,
as everybody is told who has many rows. A page is all that Django does between request and response, without a network; the
search benchmark times Tillkeeper's service alone, so the last line tells what of a page Django spends beside its statements.
"""

import argparse
import pathlib
import platform
import random
import sqlite3
import sys
import time
import uuid
from datetime import datetime, timezone

import django
from django.apps import AppConfig
from django.conf import settings
from django.core.management import call_command
from django.core.paginator import Paginator
from django.utils.functional import cached_property

parser = argparse.ArgumentParser()
parser.add_argument("file", type=pathlib.Path, help="a Tillkeeper database on SQLite")
parser.add_argument("--rounds", type=int, default=200, help="pages of a kind, at most")
parser.add_argument("--seconds", type=float, default=20, help="time for a kind and an admin, after three pages")
arguments = parser.parse_args()

# Terminals that fragments are taken from, as in the search benchmark.
SAMPLE = 400
LEAST_ROUNDS = 3


class Router:
    """Terminals are in Tillkeeper's file, everything else is Django's."""

    def db_for_read(self, model, **hints):
        return "tillkeeper" if model._meta.app_label == "fleet" else "default"

    db_for_write = db_for_read

    def allow_migrate(self, db, app_label, **hints):
        return db == "default" and app_label != "fleet"


settings.configure(
    SECRET_KEY="measures in one process",
    ALLOWED_HOSTS=["testserver"],
    # This file is the app and the urls too.
    INSTALLED_APPS=[
        "django.contrib.admin",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
        "django.contrib.staticfiles",
        AppConfig("fleet", sys.modules[__name__]),
    ],
    MIGRATION_MODULES={"fleet": None},
    ROOT_URLCONF=__name__,
    STATIC_URL="static/",
    USE_TZ=True,
    # What startproject writes.
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ]
            },
        }
    ],
    DATABASE_ROUTERS=[Router()],
    DATABASES={
        "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"},
        "tillkeeper": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": f"{arguments.file.resolve(strict=True).as_uri()}?mode=ro",
            # As Tillkeeper's own readers are set.
            "OPTIONS": {
                "init_command": "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16000; PRAGMA mmap_size = 2147418112"
            },
            "CONN_MAX_AGE": None,
        },
    },
)
django.setup()

# What follows needs the set-up.
from django.contrib import admin  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.db import connections, models  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import path  # noqa: E402


class BlobUuid(models.UUIDField):
    """A UUID in sixteen bytes; Django's own has 32 letters on SQLite."""

    def get_internal_type(self):
        return "BinaryField"

    def get_db_prep_value(self, value, connection, prepared=False):
        value = self.to_python(value)
        return value and value.bytes

    def from_db_value(self, value, expression, connection):
        return value and uuid.UUID(bytes=bytes(value))


class Merchant(models.Model):
    id = BlobUuid(primary_key=True)
    merchant_no = models.TextField(unique=True)
    name = models.TextField()

    class Meta:
        app_label, db_table, managed = "fleet", "merchants", False

    def __str__(self):
        return self.name


class Store(models.Model):
    id = BlobUuid(primary_key=True)
    merchant = models.ForeignKey(Merchant, models.DO_NOTHING)
    name = models.TextField()

    class Meta:
        app_label, db_table, managed = "fleet", "stores", False

    def __str__(self):
        return self.name


class Terminal(models.Model):
    LIFECYCLES = ["unassigned", "awaiting", "registered", "suspended", "retired"]

    id = BlobUuid(primary_key=True)
    sn = models.TextField()
    name = models.TextField()
    model = models.TextField()
    merchant = models.ForeignKey(Merchant, models.DO_NOTHING, null=True)
    store = models.ForeignKey(Store, models.DO_NOTHING, null=True)
    lifecycle = models.TextField(choices=[(code, code.capitalize()) for code in LIFECYCLES])
    last_seen_at = models.BigIntegerField(null=True)

    class Meta:
        app_label, db_table, managed = "fleet", "terminals", False


class UsualAdmin(admin.ModelAdmin):
    list_display = ["sn", "name", "merchant", "store", "lifecycle", "last_seen"]
    # One by merchant would put thousands of links on every page.
    list_filter = ["lifecycle"]
    list_per_page = 50
    list_select_related = ["merchant", "store"]
    search_fields = ["sn", "name", "store__name", "merchant__name", "merchant__merchant_no"]

    @admin.display(ordering="last_seen_at")
    def last_seen(self, terminal):
        return terminal.last_seen_at and datetime.fromtimestamp(terminal.last_seen_at / 1_000, timezone.utc)


class UncountedPaginator(Paginator):
    """Takes every list for long."""

    @cached_property
    def count(self):
        return 1_000_000_000


class TunedAdmin(UsualAdmin):
    paginator = UncountedPaginator
    show_full_result_count = False


SITES = {"usual": UsualAdmin, "tuned": TunedAdmin}
urlpatterns = []
for name, model_admin in SITES.items():
    site = admin.AdminSite(name=name)
    site.register(Terminal, model_admin)
    urlpatterns.append(path(f"{name}/", site.urls))


def take_sample(file):
    """What the search benchmark takes: serial numbers and names from everywhere, how many terminals there are, a merchant."""
    connection = sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)
    sample = connection.execute(
        "SELECT sn, name FROM terminals JOIN terminal_search ON terminal_id = id "
        f"WHERE key % (SELECT max(key) / {SAMPLE} + 1 FROM terminal_search) = 0 ORDER BY key"
    ).fetchall()
    [terminals] = connection.execute("SELECT count(*) FROM terminals").fetchone()
    merchant = connection.execute("SELECT hex(id) FROM merchants WHERE merchant_no = '898292720000001'").fetchone()
    connection.close()
    if not sample:
        sys.exit(f"{file} holds no terminals.")
    # Few rounds must not all ask for terminals of the same age.
    random.Random(0).shuffle(sample)
    return sample, terminals, merchant and merchant[0]


def descending(column):
    """The order by a column as Django writes it: its place after the boxes to tick."""
    return f"-{UsualAdmin.list_display.index(column) + 1}"


def kinds(sample, merchant):
    """What is asked for, each with the queries of its pages."""

    def of(take):
        taken = (take(at, sn, name) for at, (sn, name) in enumerate(sample))
        return [{"q": fragment} for fragment in taken if fragment]

    def part(text, start, length):
        return text[start : start + length] if start + length <= len(text) else None

    yield "two characters of a serial number", of(lambda at, sn, name: part(sn, at % (len(sn) - 1), 2))
    yield "two characters of a name", of(lambda at, sn, name: part(name, at % 8, 2))
    yield "six digits from the middle", of(lambda at, sn, name: part(sn, len(sn) // 2 - 3, 6))
    yield "twelve of fourteen", of(lambda at, sn, name: part(sn, at % 3, 12) if len(sn) == 14 else None)
    yield "a whole serial number", of(lambda at, sn, name: sn)
    yield "two words", of(lambda at, sn, name: f"{part(sn, 2, 4)} {name[:2]}" if len(name) > 1 else None)
    yield "what half of them have", [{"q": word} for word in ["收银", "收银台", "号收银台"]]
    yield "what none has", [{"q": word} for word in ["zzzz", "龘龘", "#q", "PC0000X1", "99999999999999"]]
    for label, column in [("serial number", "sn"), ("name", "name"), ("last seen", "last_seen")]:
        for page in [1, 1_000, 10_000]:
            yield f"page {page:,} by {label}", [{"o": descending(column), "p": page}]
    yield "suspended, by name", [{"lifecycle__exact": "suspended", "o": descending("name")}]
    yield "model and state", [{"model": "P2", "lifecycle__exact": "awaiting"}]
    yield "a merchant's, last seen first", [{"merchant__id__exact": merchant, "o": descending("last_seen")}] if merchant else []
    yield "half of them, by name", [{"q": "收银", "o": descending("name")}]
    yield "half of them, last seen first", [{"q": "收银", "o": descending("last_seen")}]


def ask(client, site, query):
    """Opens a page; how long it took, and how many rows it has."""
    begun = time.perf_counter()
    response = client.get(f"/{site}/fleet/terminal/", query)
    took = time.perf_counter() - begun
    if response.status_code != 200:
        sys.exit(f"{site} answered {query} with {response.status_code}.")
    return took, len(response.context_data["cl"].result_list)


def measure(client, site, queries):
    """Milliseconds and rows of as many pages as there is time for."""
    took, rows = [], []
    until = time.monotonic() + arguments.seconds
    while len(took) < arguments.rounds and (len(took) < LEAST_ROUNDS or time.monotonic() < until):
        seconds, found = ask(client, site, queries[len(took) % len(queries)])
        took.append(seconds * 1_000)
        rows.append(found)
    return took, rows


def at(took, share):
    return f"{sorted(took)[min(len(took) * share // 100, len(took) - 1)]:,.1f}"


def without_statements(client):
    """What of the first page's time, in milliseconds, is not spent in statements."""
    in_statements = 0

    def timed(execute, *call):
        nonlocal in_statements
        begun = time.perf_counter()
        try:
            return execute(*call)
        finally:
            in_statements += time.perf_counter() - begun

    pages = []
    with connections["default"].execute_wrapper(timed), connections["tillkeeper"].execute_wrapper(timed):
        for _ in range(50):
            in_statements = 0
            took, _ = ask(client, "tuned", {"o": descending("sn")})
            pages.append((took - in_statements) * 1_000)
    return at(pages, 50)


def main():
    sample, terminals, merchant = take_sample(arguments.file)
    call_command("migrate", verbosity=0)
    client = Client()
    client.force_login(User.objects.create_superuser("measure"))
    # The first page compiles the templates.
    for site in SITES:
        ask(client, site, {})

    print(
        f"{terminals} terminals in a Django {django.get_version()} admin, Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}, 50 rows, milliseconds of a whole page without a network."
    )
    print(
        "Usual: list_display, list_filter, search_fields, list_select_related, 50 a page. Tuned: the same with "
        "show_full_result_count = False and a paginator that does not count. Both read the file with Tillkeeper's PRAGMAs."
    )
    print(
        f"Up to {arguments.rounds} pages of a kind and an admin, but {LEAST_ROUNDS} or as many as "
        f"{arguments.seconds:g} s have room for."
    )
    print("| asked for | rows | usual p50 | usual p99 | pages | tuned p50 | tuned p99 | pages |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for kind, queries in kinds(sample, merchant):
        if not queries:
            continue
        if terminals <= (queries[0].get("p", 1) - 1) * 50:
            continue
        usual, usual_rows = measure(client, "usual", queries)
        tuned, rows = measure(client, "tuned", queries)
        # One must not be faster by finding something else.
        if any(one != other for one, other in zip(usual_rows, rows)):
            sys.exit(f"{kind}: the two admins do not list the same.")
        print(
            f"| {kind} | {sum(rows) // len(rows)} | {at(usual, 50)} | {at(usual, 99)} | {len(usual)} "
            f"| {at(tuned, 50)} | {at(tuned, 99)} | {len(tuned)} |",
            flush=True,
        )
    print(f"Of a page of 50 rows, {without_statements(client)} ms are not spent in statements.")


main()

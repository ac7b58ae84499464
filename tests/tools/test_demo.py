"""The demo ends what it started and nothing else, and says in a sentence why it cannot start."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import time_machine
from django.apps import apps as django_apps
from django.urls import reverse

from tests.doubles.client import StripeDouble
from tools import demo

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
DEAF = [sys.executable, "-uc", "import signal, time; signal.signal(15, signal.SIG_IGN); print(1); time.sleep(60)"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(demo, "FOLDER", tmp_path)
    return tmp_path


@pytest.fixture
def bystander():
    with subprocess.Popen(SLEEP) as process:
        yield process
        process.kill()


def test_a_taken_port_is_told_with_a_way_out():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(demo.Failed, match=rf"Port {port} is taken .* PORT={port + 1}"):
            demo.require_free(port)


@pytest.mark.parametrize("said", ["http", "-1", "0", "70000", "8000 "])
def test_a_port_that_is_none_is_told(monkeypatch, said):
    monkeypatch.setenv("PORT", said)
    with pytest.raises(demo.Failed, match="is not a port"):
        demo.wanted_port()


def test_what_was_started_is_found_again_and_ended(folder):
    with demo.spawn("web", SLEEP, {}) as process:
        assert demo.recall("web") == process.pid
        demo.end("web")
        assert process.wait(5) == -signal.SIGTERM
    assert not (folder / "web.pid").exists()


def test_a_process_that_does_not_listen_is_killed(folder):
    with demo.spawn("web", DEAF, {}) as process:
        assert demo.local.wait_for((folder / "web.log").read_text, 10)
        demo.end("web", grace=0.2)
        assert process.wait(5) == -signal.SIGKILL


def test_a_pid_that_another_process_took_over_is_left_alone(folder, bystander):
    (folder / "web.pid").write_text(f"{bystander.pid} 1")
    demo.end("web")
    assert bystander.poll() is None


def test_a_process_that_ends_by_itself_is_told_with_its_last_words():
    with demo.spawn("web", [sys.executable, "-c", "raise SystemExit('no more paper')"], {}):
        assert demo.local.wait_for(lambda: demo.recall("web") is None, 10)
    with pytest.raises(demo.Failed, match=r"(?s)The web process ended by itself.*no more paper"):
        demo.require_alive(["web"])


def test_the_secret_key_is_the_same_the_next_time(folder):
    key = demo.secret_key()
    assert len(key) > 50
    assert demo.secret_key() == key
    assert (folder / "secret-key").stat().st_mode & 0o777 == 0o600


# --- Stripe
OURS = ["web", "mail", "payments", "nights", "documents", "beat"]


def options(command):
    """The options of a command, by name."""
    return dict(zip(command[3::2], command[4::2], strict=True))


@pytest.fixture
def no_keys(monkeypatch):
    monkeypatch.delenv("STRIPE_SECRET_KEY", raising=False)


def test_the_portal_and_the_stand_in_for_stripe_know_each_other(no_keys, folder):
    env, stripe = demo.environment(9000, {}), options(demo.commands(9000)["stripe"])
    assert list(demo.commands(9000)) == ["stripe", *OURS]
    assert (env["STRIPE_API_BASE"], env["STRIPE_PAGE"]) == ("http://127.0.0.1:9001", "http://127.0.0.1:9001")
    assert env["STRIPE_SECRET_KEY"].startswith("sk_test_")
    assert stripe == {
        "--port": "9001",
        "--db": str(folder / "stripe.sqlite3"),
        "--webhook": "http://127.0.0.1:9000" + reverse("stripe_events"),
        "--secret": env["STRIPE_WEBHOOK_SECRET"],
    }
    assert demo.environment(9000, {})["STRIPE_WEBHOOK_SECRET"] == env["STRIPE_WEBHOOK_SECRET"]


def test_keys_of_stripe_in_the_environment_leave_the_stand_in_out(monkeypatch):
    ours = {"STRIPE_SECRET_KEY": "sk_test_ours", "STRIPE_WEBHOOK_SECRET": "whsec_ours"}
    for name, value in ours.items():
        monkeypatch.setenv(name, value)
    env = demo.environment(9000, {})
    assert list(demo.commands(9000)) == OURS
    assert {name: value for name, value in env.items() if name.startswith("STRIPE_")} == ours


def test_the_stand_in_is_ended_whatever_the_environment_says_now(no_keys, monkeypatch):
    with demo.spawn("stripe", SLEEP, {}) as process:
        monkeypatch.setenv("STRIPE_SECRET_KEY", "sk_test_ours")
        demo.end_processes()
        assert process.wait(5) == -signal.SIGTERM


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def test_the_stand_in_runs_by_itself_remembers_and_ends_when_asked(no_keys, folder):
    port = free_port() - 1
    command, double = demo.commands(port)["stripe"], StripeDouble(f"http://127.0.0.1:{port + 1}", "")
    for known in (0, 1):
        with demo.spawn("stripe", command, {}) as process:
            assert demo.local.wait_for(lambda: demo.answers(f"{double.address}/_control"), 10)
            assert len(double.sessions()) == known
            double.open(500)
            demo.end("stripe")
            assert process.wait(5) == 0
    assert "A double of Stripe answers at" in (folder / "stripe.log").read_text()


# --- Prepared once
def test_what_is_prepared_holds_until_the_day_the_code_or_the_database_changes(monkeypatch, tmp_path):
    monkeypatch.setattr(demo.local, "LOCAL", tmp_path)
    monkeypatch.setattr(demo.local, "PROJECT", tmp_path)
    monkeypatch.setattr(demo.local, "place_of", lambda name: demo.local.Place(tmp_path / name))
    page, version = tmp_path / "templates" / "page.html", tmp_path / "demo" / "pgdata" / "PG_VERSION"
    for path in (page, version):
        path.parent.mkdir(parents=True)
        path.write_text("17")
    env, seen = {"DATABASE_URL": "postgresql://demo"}, []

    def look(changed=None):
        seen.append(demo.state(changed or env))

    look()
    look()
    assert seen[0] == seen[1]
    page.write_text("changed")
    os.utime(page, (1, 1))
    look()
    look({"DATABASE_URL": "postgresql://other"})
    with time_machine.travel("2027-01-04 12:00", tick=False):
        look()
    version.rename(version.with_name("gone"))
    version.write_text("17")  # a cluster made anew is another
    look()
    version.unlink()
    look()  # of a server that is not ours nothing is known
    look()
    assert len(set(seen)) == len(seen) - 1


def test_the_code_of_every_app_counts():
    known = {path.relative_to(demo.local.PROJECT).parts[0] for path in demo.sources()}
    apps = {
        Path(each.path).name for each in django_apps.get_app_configs() if Path(each.path).parent == demo.local.PROJECT
    }
    assert known >= apps | {"templates", "static", "common"}
    assert not known & {"tests", "docs"}


@pytest.fixture
def steps(monkeypatch):
    """What a start does, in order."""
    done = []
    monkeypatch.setattr(demo, "state", lambda env: env["state"])
    monkeypatch.setattr(demo, "manage", lambda *words, env: done.append(words[0]))
    monkeypatch.setattr(demo, "succeed", lambda name, process: done.append(f"{name} is done"))
    monkeypatch.setattr(demo, "spawn", lambda name, command, env: done.append(name))
    monkeypatch.setattr(demo.local, "ensure", lambda name: done.append("servers"))
    return done


PREPARED = ["servers", "collectstatic", "seed_demo", "collectstatic is done", "web", "seed_demo is done"]


def test_a_start_does_again_only_what_is_not_as_the_last_one_left_it(steps, no_keys):
    for state in ("first", "first", "second"):
        demo.get_ready(9000, {"state": state}, ["web"])
    assert steps == [*PREPARED, "web", "servers", *PREPARED]


def test_a_preparation_that_failed_is_done_again(steps, monkeypatch, folder):
    (folder / "prepared").write_text("other")

    def fail(name, process):
        raise demo.Failed(name)

    monkeypatch.setattr(demo, "succeed", fail)
    with pytest.raises(demo.Failed):
        demo.prepare({"state": "same"}, steps.clear)
    assert not demo.is_prepared({"state": "same"})


def test_the_urls_are_known_before_the_servers_run(monkeypatch, tmp_path):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("REDIS_URL", "redis://ours")
    place = demo.local.place_of("demo", tmp_path)
    assert demo.local.urls("demo", tmp_path) == place.urls | {"REDIS_URL": "redis://ours"}

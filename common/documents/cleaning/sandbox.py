"""A stranger's file is read in a process of its own: started for it, limited, killed when slow, fed through pipes."""

import contextlib
import json
import logging
import subprocess
import sys
from pathlib import Path
from threading import Timer

from common.documents import refusals
from common.documents.cleaning.child import Beside, Cleaned
from common.documents.kinds import Kind, kind_of
from common.documents.limits import CHILD_SECONDS, MAX_CLEANED
from common.documents.refusals import CleaningUnavailable, DocumentRefused, TooComplex

log = logging.getLogger(__name__)
ROOT = Path(__file__).resolve().parents[3]
ENVIRONMENT = {"LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}  # no address, no key, no password
REFUSALS = {refusal.__name__: refusal for refusal in DocumentRefused.__subclasses__()}
MAX_ANSWER = MAX_CLEANED + 1024
FAILED_TO_START = 1  # how Python ends when an import fails; later the child ends otherwise


def clean(kind: Kind, data: bytes) -> Cleaned:
    """Return the file made anew; raise DocumentRefused, or CleaningUnavailable when the process cannot start."""
    return _made(kind, data, "pdfs" if kind is Kind.PDF else "images")


def join(first: bytes, second: bytes) -> Cleaned:
    """Return one PDF with the pages of both, made anew; raise as ``clean`` does."""
    return _made(Kind.PDF, b"%d\n" % len(first) + first + second, "pdfs", "join")


def _made(kind: Kind, data: bytes, module: str, *options: str) -> Cleaned:
    try:
        code, output = run([sys.executable, "-m", f"{__package__}.{module}", *options], data)
    except OSError as error:
        raise CleaningUnavailable from error
    if code == FAILED_TO_START:
        log.error("The cleaner of documents does not start: run python -m %s.%s", __package__, module)
        raise CleaningUnavailable
    if code or len(output) > MAX_ANSWER:
        log.warning("A %s document ended its cleaner (%s)", kind, code)
        raise TooComplex
    return _read(output)


def run(command: list[str], data: bytes, seconds: float = CHILD_SECONDS) -> tuple[int, bytes]:
    """Give the bytes to a process; return its exit code and its answer, never much more than MAX_ANSWER bytes."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, cwd=ROOT, env=ENVIRONMENT, **pipes) as process:
        clock = Timer(seconds, process.kill)
        clock.start()
        try:
            with contextlib.suppress(BrokenPipeError), process.stdin:  # it reads all before it answers
                process.stdin.write(data)
            output = process.stdout.read(MAX_ANSWER + 1)
            if len(output) <= MAX_ANSWER:
                process.wait()
        finally:
            clock.cancel()
            process.kill()
    return process.returncode, output


def _read(output: bytes) -> Cleaned:
    head, _, data = output.partition(b"\n")
    answer = json.loads(head)
    if "refused" in answer:
        if "why" in answer:
            log.info("A document could not be read (%s)", answer["why"])
        raise REFUSALS[answer["refused"]]
    if kind_of(data) != answer["kind"]:
        raise refusals.Unreadable
    beside = [Beside(*each) for each in answer["beside"]]
    return Cleaned(Kind(answer["kind"]), data, int(answer["pages"]), beside)

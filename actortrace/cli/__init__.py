"""What can be done from the command line? `actortrace demo`, and `actortrace show`.

Nothing that takes long to import is imported before it is known to be needed.
"""

from __future__ import annotations

import math
import os
import sys
from argparse import ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter
from importlib import import_module
from importlib.metadata import version
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING

from actortrace.errors import ActortraceError

if TYPE_CHECKING:
    from collections.abc import Sequence

_BAD_INPUT = 2
_INTERRUPTED = 130
_BROKEN_PIPE = 1
_MOST_WORKERS = 64
_MOST_CHAOS = 1000.0
_LEAST_CHAOS = 0.001
# What is missing when this package, or part of one, cannot be imported.
_EXTRAS = {
    "opentelemetry.exporter": "otlp",
    "opentelemetry.sdk": "cli",
    "rich": "cli",
    "grpc": "otlp",
}

_DESCRIPTION = "OTP-style actors on Pykka in which a trace never breaks at a mailbox."
_DEMO = """\
Index every *.py file in and below PATH with a supervision tree: a walker deals the files out,
parsers take them apart, and a writer stores definitions and imports in SQLite. A file that does
not parse crashes its parser, which is started again; a trace shows how. With --chaos, parsers that
did nothing wrong are killed, too, and no file is lost by it: found = indexed + failed.

Without PATH, the files are the standard library of this Python and a few broken ones. Links to
folders are not followed.
"""
_DEMO_END = """\
A collector is asked first whether it is there, and then nobody waits for it:
  --otlp http://localhost:4318    OTLP over HTTP; /v1/traces is added
  --otlp https://example.org/otlp the same, encrypted
  --otlp grpc://localhost:4317    OTLP over gRPC; so does any http:// with port 4317
  --otlp grpcs://example.org      the same, encrypted

Ctrl-C and SIGTERM finish the files that are being parsed and stop in order; a second one hurries.
Exit status: 0, or 1 if something failed on the way, 2 for what cannot be done, 130 and 143 when
interrupted. Files that do not parse are no failure: they are what the demo is about.
"""
_SHOW = """\
Draw a trace from FILE, which holds OTLP/JSON as the demo, or the file exporter of OpenTelemetry's
Collector, writes it. Of several, the one that shows best how a crash is overcome.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says, or `arguments` instead; return the exit status."""
    if isinstance(sys.stdout, TextIOWrapper):
        # A path, or what is wrong with a file, may hold what the terminal cannot show.
        sys.stdout.reconfigure(errors="backslashreplace")
    given = _parser().parse_args(arguments)
    try:
        status: int = import_module(given.module).run(given)
        sys.stdout.flush()
    except ActortraceError as error:
        return _complain(str(error), getattr(error, "status", _BAD_INPUT))
    except ModuleNotFoundError as error:
        extra = next((extra for name, extra in _EXTRAS.items() if _is_in(error.name, name)), None)
        if extra is None:
            raise
        return _complain(
            f'{error.name} is not installed: pip install "actortrace[{extra}]"', _BAD_INPUT
        )
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        # Nobody reads on. Python flushes stdout once more at its end, and must not complain either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _BROKEN_PIPE
    return status


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="actortrace", description=_DESCRIPTION)
    parser.add_argument(
        "--version", action="version", version=f"actortrace {version('actortrace')}"
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    demo = commands.add_parser(
        "demo",
        help="index Python files under supervision and draw a trace of it",
        description=_DEMO,
        epilog=_DEMO_END,
        formatter_class=RawDescriptionHelpFormatter,
    )
    demo.set_defaults(module="actortrace.demo.command")
    demo.add_argument("path", metavar="PATH", nargs="?", help="a folder, or a single file")
    demo.add_argument(
        "--workers",
        metavar="N",
        type=_workers,
        default=_cores(),
        help="parsers (here: %(default)s)",
    )
    demo.add_argument(
        "--chaos",
        metavar="RATE",
        type=_chaos,
        help="kill so many parsers a second, at random, while they work",
    )
    demo.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        help="where the index, the spans and the page go, over what an earlier run left there "
        "(default: ./actortrace-demo, unless that is inside PATH)",
    )
    demo.add_argument("--otlp", metavar="URL", help="send the spans to a collector, too")
    demo.add_argument(
        "-q", "--quiet", dest="is_quiet", action="store_true", help="print the numbers only"
    )

    show = commands.add_parser(
        "show",
        help="draw a saved trace again, in the terminal or as an HTML page",
        description=_SHOW,
        formatter_class=RawDescriptionHelpFormatter,
    )
    show.set_defaults(module="actortrace.cli.show")
    show.add_argument("file", metavar="FILE", type=Path, help="a file of spans")
    show.add_argument(
        "--html",
        metavar="OUT",
        type=Path,
        nargs="?",
        const=True,
        help="after FILE: write a page that needs no network instead (default: beside FILE)",
    )
    show.add_argument("--trace", metavar="ID", help="only this trace; the first digits will do")
    return parser


def _workers(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _MOST_WORKERS:
        raise ArgumentTypeError(f"{text!r} is not a number from 1 to {_MOST_WORKERS}")
    return int(text)


def _chaos(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = math.nan
    # What is not a number is not in between either.
    if not _LEAST_CHAOS <= rate <= _MOST_CHAOS:
        raise ArgumentTypeError(
            f"{text!r} is not a number of kills a second, from {_LEAST_CHAOS:g} to {_MOST_CHAOS:g}"
        )
    return rate


def _cores() -> int:
    # Python runs one parser at a time; a few more show how they take turns.
    return min(4, max(2, os.cpu_count() or 1))


def _is_in(module: str | None, package: str) -> bool:
    return module is not None and f"{module}.".startswith(f"{package}.")


def _complain(text: str, status: int) -> int:
    line = " ".join(text.split())
    print(f"actortrace: {line}", file=sys.stderr)
    return status

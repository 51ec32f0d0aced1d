"""What the corpus scripts share: calling the weigh binary, measuring a process, keeping score."""

import argparse
import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import tempfile


class WeighFailed(Exception):
    """weigh did not end with exit code 0; the message is the first line it wrote to stderr."""


def arguments(description, *positional, switches=()):
    """Parse the command line that all scripts share: positional arguments, switches (name, help), the binary."""
    parser = argparse.ArgumentParser(description=description.strip().splitlines()[0])
    for name in positional:
        parser.add_argument(name, type=pathlib.Path)
    for name, meaning in switches:
        parser.add_argument(f"--{name}", action="store_true", help=meaning)
    parser.add_argument(
        "--weigh",
        default=os.environ.get("WEIGH", "weigh"),
        help="the weigh binary; otherwise the variable WEIGH, otherwise found on PATH",
    )
    return parser.parse_args()


def weigh(binary, *args):
    """Run weigh and return what it wrote to stdout."""
    done = subprocess.run([binary, *map(str, args)], capture_output=True, text=True, errors="replace", timeout=600)
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or ["(nothing on stderr)"]
        raise WeighFailed(f"exit {done.returncode}: {lines[0]}")
    return done.stdout


def inspect(binary, model, *args):
    """The report of one model as parsed JSON."""
    return json.loads(weigh(binary, "inspect", model, *args, "--format", "json"))


def inspect_all(binary, models):
    """The reports of many models, made by one process, in the order of the models."""
    text, decoder, reports = weigh(binary, "inspect", *models, "--format", "json"), json.JSONDecoder(), []
    at = text.find("{")
    while at >= 0:
        report, end = decoder.raw_decode(text, at)
        reports.append(report)
        at = text.find("{", end)
    return reports


def evaluate(formula, **symbols):
    """The value of one of weigh's formulas, which are Python expressions in the symbols."""
    return eval(str(formula), {"__builtins__": {}, "min": min, "max": max}, symbols)


@dataclasses.dataclass
class Measured:
    exit: int
    """Exit code, or minus the signal that ended the process."""
    seconds: float
    peak_mib: float
    stdout: str
    stderr: str
    timed_out: bool


def measure(command, timeout=600, memory_gib=None):
    """Run a command through measure.py and return what it cost.

    On Linux a process inherits the peak memory of whoever started it, so the start is left to a small
    interpreter of its own: the figure is never below that of the interpreter, about 10 MiB.
    """
    with tempfile.TemporaryDirectory() as folder:
        out, err = pathlib.Path(folder, "out"), pathlib.Path(folder, "err")
        helper = pathlib.Path(__file__).with_name("measure.py")
        limits = [str(timeout), str(memory_gib or 0)]
        done = subprocess.run(
            [sys.executable, "-I", "-S", helper, out, err, *limits, *map(str, command)],
            check=True,
            capture_output=True,
            text=True,
        )
        cost = json.loads(done.stdout)
        return Measured(
            **cost,
            stdout=out.read_text(errors="replace"),
            stderr=err.read_text(errors="replace"),
        )


class Tally:
    """Counts checks, and prints one line per subject as it goes."""

    def __init__(self, *columns):
        """Columns as (title, width); a negative width aligns to the right."""
        self.widths = [width for _, width in columns]
        self.passed = 0
        self.failures = []
        self.line(*(title for title, _ in columns))

    def line(self, *cells):
        padded = [f"{cell!s:>{-w}}" if w < 0 else f"{cell!s:<{w}}" for cell, w in zip(cells, self.widths)]
        print("  ".join(padded).rstrip(), flush=True)

    def check(self, subject, what, right, detail):
        """Count one check; the mark is for the table."""
        if right:
            self.passed += 1
            return "ok"
        self.failures.append(f"{subject}: {what}: {detail}")
        return "FAILED"

    def equal(self, subject, what, got, want, within=0):
        """Count one comparison of numbers, `within` being an absolute tolerance; the text is for the table."""
        right = got is not None and want is not None and abs(got - want) <= within
        about = f" within {within:,.0f}" if within else ""
        self.check(subject, what, right, f"weigh says {number(got)}, expected {number(want)}{about}")
        return number(got) if right else f"{number(got)} (!)"

    def failed(self, subject, error):
        """Count a subject that could not be checked at all."""
        self.check(subject, type(error).__name__, False, error)
        print(f"{subject}: {error}", flush=True)

    def close(self):
        """Print the failures and the score, and leave with the exit code that belongs to it."""
        for failure in self.failures:
            print("FAILED", failure)
        print(f"{self.passed} passed, {len(self.failures)} failed", flush=True)
        sys.exit(1 if self.failures else 0)


def number(value):
    return f"{value:,}" if isinstance(value, int) else str(value)

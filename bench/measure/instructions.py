"""Counts the instructions that a request costs in the program itself, without the kernel's. Started by bench/instructions.

The program runs under callgrind, which counts in the steady state alone, with one connection in lock step (lockstep.py): the
counts of two runs differ by a thousandth or two, on a busy machine too. They are those of one compiler: the budget is checked for
programs that Debian 12's g++ made.
"""
import argparse
import contextlib
import itertools
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from certificate import make_certificate
from lockstep import Lockstep, Upstream
from postern import write_configuration
from processes import running, wait_for
from rows_judging import ISSUER_OF_NOBODY
from tokens import Tokens

ROOT = Path(__file__).resolve().parents[2]
COMPILER = "GCC: (Debian 12."
MANY_TOKENS = 500


class Callgrind:
    """The program under valgrind; it counts between begin() and end() only."""

    def __init__(self, process, directory):
        self.pid, self.directory = process.pid, directory

    def begin(self):
        self._tell("instrumentation", "on")

    def end(self):
        """How many instructions there were since begin()."""
        self._tell("instrumentation", "off")
        before = set(self.directory.glob("counts.*"))
        self._tell("dump")
        (file,) = set(self.directory.glob("counts.*")) - before
        return int(re.search(r"^totals: (\d+)", file.read_text(), re.M).group(1))

    def _tell(self, *command):
        subprocess.run(["vgdb", f"--pid={self.pid}", *command], check=True, capture_output=True)


@contextlib.contextmanager
def under_callgrind(program, configuration, port, directory):
    log = directory / "valgrind.log"
    command = ["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={directory}/counts", str(program),
               "run", "-c", str(configuration)]
    with running(None, *command, log=log) as process:
        wait_for(port, process, log, patience=60)
        yield Callgrind(process, directory)


def head(path, token=None):
    authorization = f"Authorization: Bearer {token}\r\n" if token else ""
    return f"GET /{path} HTTP/1.1\r\nHost: shop.example.com\r\nAccept: */*\r\n{authorization}\r\n".encode()


def workloads(tokens):
    """{name: (heads that are sent in turn, status of the answers)}"""
    return {
        "plain": ([head("plain/1k")], 200),
        "one token": ([head("rs256/1k", tokens.mint("RS256"))], 200),
        "many tokens": ([head("rs256/1k", token) for token in tokens.many("RS256", MANY_TOKENS)], 200),
        "refused again": ([head("rs256/1k", tokens.mint("RS256", issuer=ISSUER_OF_NOBODY))], 401),
        "refused": ([head("rs256/1k", token) for token in tokens.forge("RS256", MANY_TOKENS, issuer=ISSUER_OF_NOBODY)], 401),
    }


def instructions_per_request(callgrind, lockstep, heads, status, requests):
    make = lockstep.run if status == 200 else lockstep.refused
    turns = itertools.cycle(heads)

    def make_requests(count):
        for one in itertools.islice(turns, count):
            if make(one) != status:
                raise RuntimeError(f"not answered with {status}: {one!r}")

    make_requests(max(100, len(heads)))  # so that the steady state is counted
    callgrind.begin()
    make_requests(requests)
    return callgrind.end() / requests


def measure(program, requests, tokens, directory):
    """{workload: instructions per request}"""
    upstream = Upstream()
    file, port, _ = write_configuration(directory, upstream.address, tokens, make_certificate(directory))
    with under_callgrind(program, file, port, directory) as callgrind:
        lockstep = Lockstep(callgrind.pid, port, upstream)
        return {name: instructions_per_request(callgrind, lockstep, heads, status, requests)
                for name, (heads, status) in workloads(tokens).items()}


def is_made_by_budgets_compiler(program):
    """By what the compilers of its parts left in the program."""
    text = subprocess.run(["readelf", "-p", ".comment", str(program)], capture_output=True, text=True, check=True).stdout
    made_by = re.findall(r"\]  (.*)", text)
    return bool(made_by) and all(compiler.startswith(COMPILER) for compiler in made_by)


def print_table(counts, budget):
    print("| workload | instructions a request | budget |\n|---|---|---|")
    for name, count in counts.items():
        verdict = "" if count <= budget[name] else " **exceeded**"
        print(f"| {name} | {count:,.0f} | {budget[name]:,}{verdict} |")


def arguments():
    parser = argparse.ArgumentParser(prog="bench/instructions", description="Instructions per request, and their budget")
    parser.add_argument("--postern", type=Path, default=ROOT / "build/release/postern", help="the program")
    parser.add_argument("--requests", type=int, default=1000, help="counted of each workload")
    parser.add_argument("--budget", type=Path, default=ROOT / "bench/budget.json")
    return parser.parse_args()


def main():
    options = arguments()
    budget = json.loads(options.budget.read_text())
    with tempfile.TemporaryDirectory(prefix="postern-bench-") as directory:
        counts = measure(options.postern.resolve(), options.requests, Tokens(ROOT / "build/bench-tokens"), Path(directory))
    print_table(counts, budget)
    if not is_made_by_budgets_compiler(options.postern):
        print("Another compiler than Debian 12's g++ made this program: its budget is not checked.")
        return 0
    return 0 if all(count <= budget[name] for name, count in counts.items()) else 1


if __name__ == "__main__":
    sys.exit(main())

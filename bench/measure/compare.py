"""Prints what is aimed at and what was measured, a Markdown table. Started by bench/compare; bench/README.md has the method."""
import argparse
import contextlib
import platform
import resource
import subprocess
import tempfile
from pathlib import Path

import rows_judging
import rows_process
import rows_requests
import rows_scale
from certificate import make_certificate
from processes import LOAD_CORE, kept_awake
from stage import Stage
from table import print_head, print_row
from tokens import Tokens
from upstream import upstream

ROWS = {
    "plain": rows_requests.plain, "token": rows_requests.token, "many": rows_requests.many, "cold": rows_judging.cold,
    "refused": rows_judging.refused, "bodies": rows_requests.bodies, "connect": rows_requests.connect, "tls": rows_requests.tls,
    "routes": rows_scale.routes, "providers": rows_scale.providers, "p99": rows_process.p99, "memory": rows_process.memory,
    "start": rows_process.start,
}


BUILD = Path(__file__).resolve().parents[2] / "build"


def names(text):
    chosen = text.split(",")
    if unknown := set(chosen) - set(ROWS):
        raise argparse.ArgumentTypeError(f"no such row: {', '.join(unknown)}; there are {', '.join(ROWS)}")
    return chosen


def arguments():
    parser = argparse.ArgumentParser(prog="bench/compare", description="What postern costs beside other gateways")
    parser.add_argument("--postern", action="append", type=Path, help="the program; again: another build beside it")
    parser.add_argument("--only", type=names, default=list(ROWS), metavar="ROW,...", help=", ".join(ROWS))
    parser.add_argument("--rounds", type=int, default=16, help="slices of each subject of a comparison")
    parser.add_argument("--requests", type=int, default=4000, help="in a slice")
    parser.add_argument("--tokens", type=Path, default=BUILD / "bench-tokens", help="keeps keys and tokens for the next time")
    return parser.parse_args()


def program_names(paths):
    """Just `postern` when there is one; else each path."""
    return {"postern": paths[0].resolve()} if len(paths) == 1 else {str(path): path.resolve() for path in paths}


def first_line(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    return (done.stdout + done.stderr).splitlines()[0].strip()


def print_machine():
    model = next(line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name"))
    versions = [first_line("/usr/sbin/nginx", "-v"), first_line("haproxy", "-v"), first_line("/usr/sbin/apache2", "-v"),
                first_line("openssl", "version")]
    print(f"{model}; Linux {platform.release()}; {'; '.join(versions)}\n")


def main():
    options = arguments()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # for thousands of idle connections
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="postern-bench-")))
        directory.chmod(0o755)  # Apache's user reads what is in it
        programs = program_names(options.postern or [BUILD / "release" / "postern"])
        stage = Stage(directory, programs, options.rounds, options.requests, stack.enter_context(upstream(directory)),
                      Tokens(options.tokens), make_certificate(directory), stack)
        print_machine()
        print_head()
        stack.enter_context(kept_awake(LOAD_CORE))
        for name in options.only:
            for row in ROWS[name](stage):
                print_row(row)


if __name__ == "__main__":
    main()

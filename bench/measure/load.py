"""h2load and wrk on the core that is not the gateways'. Whatever they report but the expected status is an error."""
import re
import subprocess
import tempfile
from pathlib import Path

from processes import LOAD_CORE, on_core

HERE = Path(__file__).parent


def run(command):
    with on_core(LOAD_CORE):
        return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=True).stdout


def h2load(url, connections, requests, header=None, body=None, status="2xx"):
    """So many requests over kept connections, GET or, with the file `body`, POST. Returns how many were answered: all."""
    command = ["h2load", "--h1", "-c", connections, "-n", requests]
    command += ["-H", header] if header else []
    command += ["-d", body] if body else []
    output = run([*command, url])
    answered = re.search(rf"status codes:.*?(\d+) {status}", output)
    if answered is None or int(answered.group(1)) != requests:
        raise RuntimeError(f"{url}: not all of {requests} answers are {status}\n{output}")
    return requests


def wrk(url, connections, requests, header=None, authorizations=None, refused=False):
    """So many requests, for what h2load cannot do: a header value for each request, and `Connection: close` in `header`.

    A run takes a second at least and ends after it; returned is how many requests were sent until then. `refused`: all
    answers are to be refusals.
    """
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as values:
        values.writelines(value + "\n" for value in authorizations or [])
        values.flush()
        command = ["wrk", "-t1", f"-c{connections}", "-d1s", "-s", HERE / "bounded.lua"] + (["-H", header] if header else [])
        output = run([*command, url, "--", requests] + ([values.name] if authorizations else []))
    sent = re.search(r"^sent (\d+)$", output, re.M)
    answered = re.search(r"^ *(\d+) requests in ", output, re.M)
    of_refusals = re.search(r"Non-2xx or 3xx responses: (\d+)", output)
    refusals = of_refusals.group(1) if of_refusals else "0"
    if sent is None or refusals != (answered.group(1) if refused else "0") or "Socket errors" in output:
        raise RuntimeError(f"{url}: not all answers are as expected\n{output}")
    return int(sent.group(1))


def latency_at(url, rate, seconds):
    """(p99 in microseconds, requests a second that were made) at about this rate: 256 connections, which think in between.

    wrk and not h2load, whose clients send at a fixed rate in bursts.
    """
    pause = max(1, round(256 / rate * 1000))
    output = run(["wrk", "-t1", "-c256", f"-d{seconds}s", "-s", HERE / "thinking.lua", url, "--", pause])
    found = re.search(r"^p99 (\d+) us, (\d+) requests in (\d+) us$", output, re.M)
    if found is None or "Non-2xx" in output or "Socket errors" in output:
        raise RuntimeError(f"{url}: not all answers are a success\n{output}")
    return int(found.group(1)), int(found.group(2)) / int(found.group(3)) * 1e6

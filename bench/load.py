"""wrk on the core that is not the gateways'."""
import re
import subprocess
from pathlib import Path

LOAD_CORE = 1
SCRIPT = Path(__file__).with_name("each_token_once.lua")


def run_wrk(url, connections, seconds, header=None, tokens_file=None):
    """Loads a URL and gives the number of answered requests; anything but success is an error.

    With a file of tokens each request brings the next one, and the run ends with the last.
    """
    command = ["taskset", "-c", str(LOAD_CORE), "wrk", "-t1", f"-c{connections}", f"-d{seconds}s"]
    if header:
        command += ["-H", header]
    if tokens_file:
        command += ["-s", str(SCRIPT)]
    command += [url] + (["--", str(tokens_file)] if tokens_file else [])
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in output or "Socket errors" in output:
        raise RuntimeError(f"{' '.join(command)}\n{output}")
    return int(re.search(r"(\d+) requests in", output).group(1))

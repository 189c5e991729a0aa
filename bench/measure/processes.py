"""Processes pinned to a core, their CPU time and memory, free ports."""
import contextlib
import os
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

GATEWAY_CORE = 0
LOAD_CORE = 1  # of the upstream and of whatever makes requests


@contextlib.contextmanager
def on_core(core):
    """What is started within runs on this core alone, or, with None, anywhere: a process inherits where its parent may run."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, before if core is None else {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextlib.contextmanager
def running(core, *command, log, **options):
    """A process that is ended with the block; what it says goes to the file `log`."""
    with open(log, "w") as output, on_core(core):
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, **options)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def kept_awake(core):
    """Idle cores look for work instead of halting, by Linux's PM QoS (Documentation/power/pm_qos_interface.rst).

    Where that is not to be had, `core` never halts: a process that runs when nobody else wants it does nothing there. To make it
    run something else still takes an interrupt, and whoever sends pays for that.
    """
    try:
        latency = open("/dev/cpu_dma_latency", "wb", buffering=0)
    except OSError:
        with spinning(core):
            yield
        return
    with latency:
        latency.write(struct.pack("i", 0))  # microseconds; asked for as long as the file is open
        yield


@contextlib.contextmanager
def spinning(core):
    with on_core(core):
        process = subprocess.Popen([sys.executable, "-c", "while True: pass"], stdin=subprocess.DEVNULL)
    os.sched_setscheduler(process.pid, os.SCHED_IDLE, os.sched_param(0))
    try:
        yield
    finally:
        process.kill()
        process.wait()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port, process, log, patience=10):
    """Returns as soon as the process accepts connections; one that ended, or takes so many seconds, is an error with its log."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.01)
    raise RuntimeError(f"{process.args} does not accept connections:\n{Path(log).read_text()[-2000:]}")


def cpu_nanoseconds(pid):
    """CPU time of all threads; a thread that ended takes its time along, so the gateways must keep theirs."""
    return sum(int(task.joinpath("schedstat").read_text().split()[0]) for task in Path(f"/proc/{pid}/task").iterdir())


def memory_bytes(pid, kind="Rss"):
    """As proc_pid_smaps(5) names it: `Rss`, all that is resident, shared libraries included; `Anonymous`, what is no file's."""
    rows = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(row.split()[1]) * 1024 for row in rows if row.startswith(f"{kind}:"))

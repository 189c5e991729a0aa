"""Rows about a process as a whole: latency at half of its capacity, memory of idle connections, start."""
import contextlib
import http.client
import random
import socket
import ssl
import statistics
import subprocess
import time

import load
from postern import write_configuration
from processes import GATEWAY_CORE, memory_bytes, on_core
from table import Row

IDLE_CONNECTIONS = 2000  # enough that single pages of memory do not show
IDLE_TLS_CONNECTIONS = 500
STARTS = 15


def peak_rate(gateway, connections):
    """Requests a second in a closed loop."""
    begin = time.monotonic()
    requests = load.h2load(gateway.url(), connections, 20_000)
    return requests / (time.monotonic() - begin)


def p99(stage):
    """All at the same rate: half of what the slowest of them reaches."""
    gateways = [stage.nginx, *stage.posterns]
    rate = min(peak_rate(gateway, stage.connections) for gateway in gateways) / 2
    values = {gateway.name: [] for gateway in gateways}
    for _ in range(max(3, stage.rounds // 4)):
        for gateway in random.sample(gateways, len(gateways)):
            values[gateway.name].append(load.latency_at(gateway.url(), rate, 2))
    reference = statistics.median(latency for latency, _ in values[stage.nginx.name])
    for gateway in stage.posterns:
        mine = statistics.median(latency for latency, _ in values[gateway.name])
        made = statistics.median(reached for _, reached in values[gateway.name])
        yield Row(f"p99 at {made:,.0f} requests/s: {gateway.name}", f"{mine:.0f} us", f"{reference:.0f} us", "<= nginx",
                  mine <= reference)


def settled_memory(pid):
    """What is resident once it has been the same for two seconds, longer than postern takes to park a connection."""
    seen, deadline = [], time.monotonic() + 20
    while time.monotonic() < deadline and (len(seen) < 9 or len(set(seen[-9:])) > 1):
        seen.append(memory_bytes(pid))
        time.sleep(0.25)
    return seen[-1]


def connect(gateway, tls):
    """A connection that has made one request and keeps open."""
    client = socket.create_connection(("127.0.0.1", gateway.tls_port if tls else gateway.port))
    if tls:
        client = tls.wrap_socket(client)
    client.sendall(b"GET /plain/1k HTTP/1.1\r\nHost: localhost\r\n\r\n")
    response = http.client.HTTPResponse(client)
    response.begin()
    response.read()
    return client


def added_by_connections(gateway, count, tls):
    """Bytes for each of `count` idle connections.

    As many came before: buffers that busy ones need are there then, and go from hand to hand.
    """
    with contextlib.ExitStack() as stack:
        resident = []
        for _ in range(2):
            for _ in range(count):
                stack.enter_context(connect(gateway, tls))
            resident.append(settled_memory(gateway.pid))
        return (resident[1] - resident[0]) / count


def megabytes_of(gateway):
    """What is resident after a request, and what of it is no file's: heap, stacks, data."""
    with connect(gateway, None):
        resident = settled_memory(gateway.pid)
    return resident, f"{resident / 1e6:.1f} MB, {memory_bytes(gateway.pid, 'Anonymous') / 1e6:.1f} MB of it anonymous"


def memory(stage):
    with stage.fresh_nginx() as gateway:
        _, of_nginx = megabytes_of(gateway)
    for name in stage.programs:
        with stage.fresh_postern(name) as gateway:
            resident, shown = megabytes_of(gateway)
        yield Row(f"resident when idle: {name}", shown, of_nginx, "< 10 MB", resident < 10e6)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    yield from idle_connections(stage, "idle connection", IDLE_CONNECTIONS, None, 1)
    yield from idle_connections(stage, "idle TLS connection", IDLE_TLS_CONNECTIONS, tls, 24)


def idle_connections(stage, kind, count, tls, kibibytes):
    with stage.fresh_nginx() as gateway:
        of_nginx = added_by_connections(gateway, count, tls)
    for name in stage.programs:
        with stage.fresh_postern(name) as gateway:
            each = added_by_connections(gateway, count, tls)
        yield Row(f"each {kind}: {name}", f"{each:.0f} bytes", f"{of_nginx:.0f} bytes", f"< {kibibytes} KiB", each < kibibytes * 1024)


def milliseconds_to_answer(stage, program):
    """From the new process to the first answer of its upstream."""
    file, port, _ = write_configuration(stage.directory, stage.upstream, stage.tokens, stage.certificate)
    with open(file.with_suffix(".log"), "w") as log, on_core(GATEWAY_CORE):
        begin = time.perf_counter()
        process = subprocess.Popen([program, "run", "-c", str(file)], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        while process.poll() is None:
            connection = http.client.HTTPConnection("127.0.0.1", port)
            with contextlib.suppress(OSError), contextlib.closing(connection):
                connection.request("GET", "/plain/1k")
                if connection.getresponse().status == 200:
                    return (time.perf_counter() - begin) * 1000
            time.sleep(0.0005)
        raise RuntimeError(f"{program} ended:\n{file.with_suffix('.log').read_text()}")
    finally:
        process.terminate()
        process.wait()


def start(stage):
    taken = {name: [] for name in stage.programs}
    for _ in range(STARTS):
        for name, program in stage.programs.items():
            taken[name].append(milliseconds_to_answer(stage, program))
    for name, values in taken.items():
        median = statistics.median(values)
        yield Row(f"start to first answer: {name}", f"{median:.1f} ms", "", "< 30 ms", median < 30)

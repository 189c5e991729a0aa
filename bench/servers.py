"""The processes of the comparison: upstream, postern, nginx and HAProxy, each on its core."""
import contextlib
import json
import re
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from load import LOAD_CORE
from tokens import AUDIENCE, ISSUER

GATEWAY_CORE = 0


def cpu_nanoseconds(pid):
    """CPU time of all threads; a thread that ended takes its time along, so the gateways must keep theirs."""
    return sum(int(task.joinpath("schedstat").read_text().split()[0]) for task in Path(f"/proc/{pid}/task").iterdir())


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port, process):
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
    raise RuntimeError(f"{process.args} does not accept connections")


@dataclass
class Workload:
    name: str
    pid: int
    url: str
    header: str | None = None


@dataclass
class Postern:
    pid: int
    plain_url: str
    guarded_url: str


class Servers:
    """Starts all of them on entry; `warm` are the workloads that are compared, nginx first."""

    def __init__(self, directory, postern, tokens):
        self.directory, self.program, self.tokens = directory, postern, tokens
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        self.upstream = self._start_upstream()
        bearer = f"Authorization: Bearer {self.tokens.repeated}"
        nginx_pid, nginx_port = self._start_nginx()
        haproxy_pid, haproxy_port = self._start_haproxy()
        postern = self.stack.enter_context(self.fresh_postern())
        self.warm = [
            Workload("nginx, plain", nginx_pid, f"http://127.0.0.1:{nginx_port}/plain/1k"),
            Workload("postern, plain", postern.pid, postern.plain_url),
            Workload("postern, RS256, one header", postern.pid, postern.guarded_url, bearer),
            Workload("HAProxy, RS256, one header", haproxy_pid, f"http://127.0.0.1:{haproxy_port}/guarded/1k", bearer),
        ]
        return self

    def __exit__(self, *failure):
        self.stack.close()

    def _start(self, core, *command, stack=None, **options):
        process = subprocess.Popen(["taskset", "-c", str(core), *command], stdin=subprocess.DEVNULL, **options)
        (stack or self.stack).callback(process.wait)
        (stack or self.stack).callback(process.terminate)
        return process

    def _nginx(self, core, name, port, http, server):
        folder = self.directory / name
        folder.mkdir()
        paths = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (folder / "nginx.conf").write_text(f"""
daemon off; master_process off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{ access_log off; keepalive_requests 1000000000; {paths} {http}
  server {{ listen 127.0.0.1:{port} backlog=1024; {server} }} }}
""")
        process = self._start(core, "/usr/sbin/nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", f"{folder}/error.log")
        wait_for(port, process)
        return process.pid

    def _start_upstream(self):
        for path in ("plain", "guarded"):
            (self.directory / "files" / path).mkdir(parents=True)
            (self.directory / "files" / path / "1k").write_text("1" * 1024)
        port = free_port()
        self._nginx(LOAD_CORE, "upstream", port, "open_file_cache max=10;", f"root {self.directory}/files;")
        return f"127.0.0.1:{port}"

    def _start_nginx(self):
        port = free_port()
        pid = self._nginx(
            GATEWAY_CORE, "nginx", port,
            f"upstream orders {{ server {self.upstream}; keepalive 512; keepalive_requests 1000000000; }}",
            'location / { proxy_pass http://orders; proxy_http_version 1.1; proxy_set_header Connection ""; }')
        return pid, port

    def _start_haproxy(self):
        port = free_port()
        file = self.directory / "haproxy.cfg"
        file.write_text(f"""
global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 5s
frontend gateway
  bind 127.0.0.1:{port}
  http-request set-var(txn.bearer) http_auth_bearer
  http-request set-var(txn.alg) var(txn.bearer),jwt_header_query('$.alg')
  http-request set-var(txn.iss) var(txn.bearer),jwt_payload_query('$.iss')
  http-request set-var(txn.aud) var(txn.bearer),jwt_payload_query('$.aud')
  http-request set-var(txn.exp) var(txn.bearer),jwt_payload_query('$.exp','int')
  http-request set-var(txn.now) date()
  http-request deny deny_status 401 unless {{ var(txn.alg) -m str RS256 }}
  http-request deny deny_status 401 unless {{ var(txn.iss) -m str {ISSUER} }}
  http-request deny deny_status 401 unless {{ var(txn.bearer),jwt_verify(txn.alg,"{self.tokens.pem_file}") -m int 1 }}
  http-request deny deny_status 401 unless {{ var(txn.aud) -m str {AUDIENCE} }}
  http-request deny deny_status 401 if {{ var(txn.exp),sub(txn.now) -m int lt 0 }}
  http-request set-header X-User-Id %[var(txn.bearer),jwt_payload_query('$.sub')]
  http-request del-header Authorization
  default_backend orders
backend orders
  http-reuse always
  server orders {self.upstream}
""")
        process = self._start(GATEWAY_CORE, "haproxy", "-db", "-f", str(file), stderr=subprocess.DEVNULL)
        wait_for(port, process)
        return process.pid, port

    @contextlib.contextmanager
    def fresh_postern(self):
        """A gateway with one worker that has seen no token yet."""
        with contextlib.ExitStack() as stack:
            file = self.directory / f"postern-{free_port()}.yaml"
            file.write_text(json.dumps({
                "listeners": [{"address": "127.0.0.1:0"}],
                "admin": {"address": "127.0.0.1:0"},
                "access_log": "off",
                "workers": 1,
                "providers": {"shop": {"issuer": ISSUER, "audiences": [AUDIENCE], "jwks_file": str(self.tokens.jwks_file)}},
                "upstreams": {"orders": {"endpoints": [f"http://{self.upstream}"], "pool": {"max_idle": 512}}},
                "routes": [
                    {"name": "plain", "match": {"path_prefix": "/plain"}, "upstream": "orders", "public": True},
                    {"name": "guarded", "match": {"path_prefix": "/guarded"}, "upstream": "orders",
                     "jwt": {"providers": ["shop"]}, "claim_headers": {"sub": "X-User-Id"}},
                ],
            }))
            process = self._start(GATEWAY_CORE, self.program, "run", "-c", str(file), stack=stack,
                                  stderr=subprocess.PIPE, text=True)
            port = next((match.group(1) for line in process.stderr if (match := re.search(r"serving \S*?:(\d+)", line))), None)
            if port is None:
                raise RuntimeError("postern does not serve")
            base = f"http://127.0.0.1:{port}"
            yield Postern(process.pid, f"{base}/plain/1k", f"{base}/guarded/1k")

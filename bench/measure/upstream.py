"""nginx: the upstream of all gateways, and the gateway that they are compared with."""
import contextlib
from dataclasses import dataclass
from pathlib import Path

from processes import GATEWAY_CORE, LOAD_CORE, free_port, running, wait_for

PATHS = ("plain", "rs256", "es256", "hs256")
FILES = {"1k": 1024, "100k": 100 * 1024}


@dataclass
class Gateway:
    """A running gateway: what its process costs is compared."""
    name: str
    pid: int
    port: int
    tls_port: int | None = None

    def url(self, path="plain/1k"):
        return f"http://127.0.0.1:{self.port}/{path}"

    def tls_url(self, path="plain/1k"):
        return f"https://127.0.0.1:{self.tls_port}/{path}"


@contextlib.contextmanager
def nginx(folder, core, port, http, server):
    """One worker, which is the process itself."""
    folder.mkdir(exist_ok=True)
    paths = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "nginx.conf").write_text(f"""
daemon off; master_process off; worker_processes 1; worker_rlimit_nofile 20000; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 16384; }}
http {{ access_log off; keepalive_requests 1000000000; keepalive_timeout 1h; {paths} {http}
  server {{ listen 127.0.0.1:{port} backlog=1024; {server} }} }}
""")
    log = folder / "output.log"
    command = ["/usr/sbin/nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", f"{folder}/error.log"]
    with running(core, *command, log=log) as process:
        wait_for(port, process, log)
        yield process


@contextlib.contextmanager
def upstream(directory):
    """host:port of a server of files; whatever is sent to /PATH/upload is read to its end and answered with 204."""
    folder = directory / "upstream"
    for path in PATHS:
        (folder / "files" / path).mkdir(parents=True)
        for name, size in FILES.items():
            (folder / "files" / path / name).write_text("1" * size)
    port = free_port()
    # proxy_pass reads the whole body before it asks; a plain `return` answers while the body still comes.
    uploads = f"""
location /nothing {{ return 204; }}
location ~ /upload$ {{ rewrite ^ /nothing break; client_body_buffer_size 256k; proxy_method GET; proxy_pass_request_body off;
  proxy_set_header Content-Length ""; proxy_pass http://127.0.0.1:{port}; }}"""
    with nginx(folder, LOAD_CORE, port, "open_file_cache max=10;", f"root {folder}/files; {uploads}"):
        yield f"127.0.0.1:{port}"


@contextlib.contextmanager
def nginx_gateway(directory, upstream_address, certificate):
    """Plain proxy_pass with kept connections; uploads of up to 256 KiB stay in memory."""
    port, tls_port = free_port(), free_port()
    http = (f"upstream orders {{ server {upstream_address}; keepalive 512; keepalive_requests 1000000000; }} "
            "client_body_buffer_size 256k;")
    tls = (f"listen 127.0.0.1:{tls_port} ssl backlog=1024; "
           f"ssl_certificate {certificate.chain}; ssl_certificate_key {certificate.key};")
    proxy = 'location / { proxy_pass http://orders; proxy_http_version 1.1; proxy_set_header Connection ""; }'
    with nginx(directory / f"nginx-{port}", GATEWAY_CORE, port, http, f"{tls} {proxy}") as process:
        yield Gateway("nginx", process.pid, port, tls_port)

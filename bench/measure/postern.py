"""postern with one worker, as a comparison needs it."""
import contextlib
import json
from dataclasses import dataclass
from pathlib import Path

from processes import GATEWAY_CORE, free_port, running, wait_for
from tokens import AUDIENCE, ISSUER, SHARED_ISSUER
from upstream import Gateway


@dataclass
class Size:
    """How large the configuration is; what is measured goes through the last route, and by the last provider."""
    routes: int = 1
    providers: int = 1


def provider(issuer, **keys):
    return {"issuer": issuer, "audiences": [AUDIENCE], **keys}


def configuration(upstream_address, tokens, certificate, port, tls_port, size):
    keys = {"jwks_file": str(tokens.jwks_file)}
    crowd = {f"other-{number}": provider(f"{ISSUER}/{number}", **keys) for number in range(1, size.providers)}
    guard = {"upstream": "orders", "claim_headers": {"sub": "X-User-Id"}}
    return {
        "listeners": [
            {"address": f"127.0.0.1:{port}"},
            {"address": f"127.0.0.1:{tls_port}",
             "tls": {"certificates": [{"certificate_file": str(certificate.chain), "key_file": str(certificate.key)}]}},
        ],
        "admin": {"address": "off"},
        "access_log": "off",
        "workers": 1,
        "limits": {"token_cache": "512MiB"},  # for a hundred thousand tokens: each takes some 4 KiB
        "timeouts": {"idle": "1h"},
        "providers": {**crowd, "shop": provider(ISSUER, **keys),
                      "shared": provider(SHARED_ISSUER, secret_file=str(tokens.secret_file))},
        "upstreams": {"orders": {"endpoints": [f"http://{upstream_address}"], "pool": {"max_idle": 512}}},
        "routes": [
            *({"name": f"other-{number}", "match": {"path_prefix": f"/other/{number}"}, "upstream": "orders", "public": True}
              for number in range(1, size.routes)),
            {"name": "plain", "match": {"path_prefix": "/plain"}, "upstream": "orders", "public": True},
            *({"name": path, "match": {"path_prefix": f"/{path}"}, "jwt": {"providers": [*crowd, "shop"]}, **guard}
              for path in ("rs256", "es256")),
            {"name": "hs256", "match": {"path_prefix": "/hs256"}, "jwt": {"providers": ["shared"]}, **guard},
        ],
    }


def write_configuration(directory, upstream_address, tokens, certificate, size=Size()):
    """The file, and the two ports that it names."""
    port, tls_port = free_port(), free_port()
    file = Path(directory) / f"postern-{port}.json"
    file.write_text(json.dumps(configuration(upstream_address, tokens, certificate, port, tls_port, size)))
    return file, port, tls_port


@contextlib.contextmanager
def postern(program, directory, upstream_address, tokens, certificate, size=Size(), name="postern"):
    """A process that has seen no token yet."""
    file, port, tls_port = write_configuration(directory, upstream_address, tokens, certificate, size)
    log = file.with_suffix(".log")
    with running(GATEWAY_CORE, str(program), "run", "-c", str(file), log=log) as process:
        wait_for(port, process, log)
        yield Gateway(name, process.pid, port, tls_port)

"""Gateways of others that check tokens: HAProxy's jwt_verify and Apache's mod_auth_openidc. Both see no token but RS256."""
import contextlib

from processes import GATEWAY_CORE, free_port, running, wait_for
from tokens import AUDIENCE, ISSUER
from upstream import Gateway

MODULES = "/usr/lib/apache2/modules"


@contextlib.contextmanager
def haproxy(directory, upstream_address, tokens):
    """With the checks of issuer, audience and expiry that its documentation shows, and one claim header."""
    port = free_port()
    file, log = directory / "haproxy.cfg", directory / "haproxy.log"
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
  http-request deny deny_status 401 unless {{ var(txn.bearer),jwt_verify(txn.alg,"{tokens.pem_file}") -m int 1 }}
  http-request deny deny_status 401 unless {{ var(txn.aud) -m str {AUDIENCE} }}
  http-request deny deny_status 401 if {{ var(txn.exp),sub(txn.now) -m int lt 0 }}
  http-request set-header X-User-Id %[var(txn.bearer),jwt_payload_query('$.sub')]
  http-request del-header Authorization
  default_backend orders
backend orders
  http-reuse always
  server orders {upstream_address}
""")
    with running(GATEWAY_CORE, "haproxy", "-db", "-f", str(file), log=log) as process:
        wait_for(port, process, log)
        yield Gateway("HAProxy jwt_verify", process.pid, port)


@contextlib.contextmanager
def apache(directory, upstream_address, tokens):
    """AuthType oauth20 with a local key; issuer and audience by Require, the claims as headers."""
    port = free_port()
    file, log = directory / "apache.conf", directory / "apache.log"
    modules = {"mpm_event": "mod_mpm_event", "authn_core": "mod_authn_core", "authz_core": "mod_authz_core", "proxy": "mod_proxy",
               "proxy_http": "mod_proxy_http", "auth_openidc": "mod_auth_openidc"}
    loaded = "\n".join(f"LoadModule {name}_module {MODULES}/{module}.so" for name, module in modules.items())
    file.write_text(f"""
{loaded}
ServerRoot {directory}
ServerName localhost
PidFile {directory}/apache.pid
ErrorLog {log}
LogLevel error
User www-data
Group www-data
Listen 127.0.0.1:{port}
ServerLimit 1
StartServers 1
ThreadsPerChild 64
MaxRequestWorkers 64
MaxKeepAliveRequests 0
KeepAliveTimeout 60
OIDCOAuthVerifyCertFiles RS256#{tokens.pem_file}
OIDCCryptoPassphrase unused
ProxyPass / http://{upstream_address}/
<Location />
  AuthType oauth20
  <RequireAll>
    Require claim iss:{ISSUER}
    Require claim aud:{AUDIENCE}
  </RequireAll>
</Location>
""")
    # -X: one process, which serves itself.
    with running(GATEWAY_CORE, "/usr/sbin/apache2", "-X", "-f", str(file), log=log) as process:
        wait_for(port, process, log)
        yield Gateway("Apache mod_auth_openidc", process.pid, port)

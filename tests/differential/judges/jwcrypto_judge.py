"""Judges tokens by Debian's python3-jwcrypto: tokens on stdin, one a line, one JSON line each.

`payload` is the base64url of what the signature covers, `claims` are those that hold for the issuer, the audience and the
time; null where jwcrypto refuses. The one argument is JSON: jwks (a file), algorithms, issuer, audience, at, leeway.
"""
import json
import math
import os
import sys
import types

from jwcrypto import jwk, jws, jwt
from jwcrypto.common import base64url_encode

OPTIONS = json.loads(sys.argv[1])
with open(OPTIONS["jwks"], encoding="utf-8") as file:
    KEYS = jwk.JWKSet.from_json(file.read())

# Its only clock: what it looks up as time.time().
jwt.time = types.SimpleNamespace(time=lambda: OPTIONS["at"])


def verified_payload(token):
    """The payload, by the same way to a key that jwcrypto's JWT goes: its JWS knows one key only."""
    parsed = jws.JWS()
    parsed.allowed_algs = OPTIONS["algorithms"]
    parsed.deserialize(token)
    header = parsed.jose_header
    if "kid" in header:
        key = KEYS.get_key(header["kid"])
        if key is None:
            raise jwt.JWTMissingKey()
        parsed.verify(key)
        return parsed.payload
    for key in KEYS:
        try:
            parsed.verify(key)
            return parsed.payload
        except jws.InvalidJWSSignature:
            continue
    raise jwt.JWTMissingKey()


def verified_claims(token, payload):
    checks = {"iss": OPTIONS["issuer"], "aud": OPTIONS["audience"], "exp": None}
    # A claim that is named must be there; `nbf` is to be judged where it is.
    claims = json.loads(payload.decode("utf-8"))
    if isinstance(claims, dict) and "nbf" in claims:
        checks["nbf"] = None
    judged = jwt.JWT(algs=OPTIONS["algorithms"], check_claims=checks)
    judged.leeway = OPTIONS["leeway"]
    judged.deserialize(token, KEYS)
    return json.loads(judged.claims)


def finite(value):
    """The value as JSON can say it: what no double holds becomes null, as it does in JavaScript."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {name: finite(each) for name, each in value.items()}
    return [finite(each) for each in value] if isinstance(value, list) else value


def judge(token):
    verdict = {"payload": None, "claims": None}
    try:
        payload = verified_payload(token)
        verdict["payload"] = base64url_encode(payload)
        verdict["claims"] = finite(verified_claims(token, payload))
        return json.dumps(verdict)
    except Exception as error:  # whatever it raises on a bad token is a refusal
        verdict["claims"] = None
        verdict["why"] = repr(error)[:200]
        return json.dumps(verdict)


def main():
    rest = b""
    # Whole pieces, as they come: the other end may wait for the answers before it writes more.
    while piece := os.read(0, 1 << 16):
        *lines, rest = (rest + piece).split(b"\n")
        sys.stdout.write("".join(judge(line.decode("utf-8")) + "\n" for line in lines))
        sys.stdout.flush()


main()

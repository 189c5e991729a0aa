"""Keys and tokens by Debian's python3-jwcrypto, an implementation that shares nothing with npm's jose.

stdin: {"algorithms": ["RS256", ...], "claims": {...}, "header": {...}}
stdout: {"jwks": {"keys": [public JWKs]}, "secrets": {"HS256": base64url}, "tokens": {"RS256": compact token, ...}}
"""
import json
import sys

from jwcrypto import jwk, jws

CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521", "ES256K": "secp256k1"}
# Names of our own for the two curves of the one algorithm EdDSA.
EDWARDS = {"EdDSA-Ed25519": "Ed25519", "EdDSA-Ed448": "Ed448"}


def make_key(name):
    kid = "python-" + name
    if name in EDWARDS:
        return "EdDSA", jwk.JWK.generate(kty="OKP", crv=EDWARDS[name], kid=kid, alg="EdDSA", use="sig")
    if name in CURVES:
        return name, jwk.JWK.generate(kty="EC", crv=CURVES[name], kid=kid, alg=name, use="sig")
    if name.startswith("HS"):
        return name, jwk.JWK.generate(kty="oct", size=512, kid=kid, alg=name)
    return name, jwk.JWK.generate(kty="RSA", size=2048, kid=kid, alg=name, use="sig")


def mint(algorithm, key, header, claims):
    token = jws.JWS(json.dumps(claims).encode())
    token.allowed_algs = [algorithm]
    protected = dict(header, alg=algorithm, kid=json.loads(key.export(private_key=True))["kid"])
    token.add_signature(key, None, json.dumps(protected), None)
    return token.serialize(compact=True)


def main():
    order = json.load(sys.stdin)
    keys, secrets, tokens = [], {}, {}
    for name in order["algorithms"]:
        algorithm, key = make_key(name)
        if algorithm.startswith("HS"):
            secrets[name] = json.loads(key.export_symmetric())["k"]
        else:
            keys.append(json.loads(key.export_public()))
        tokens[name] = mint(algorithm, key, order["header"], order["claims"])
    json.dump({"jwks": {"keys": keys}, "secrets": secrets, "tokens": tokens}, sys.stdout)


main()

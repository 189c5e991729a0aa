"""Keys, one token to repeat, and files of tokens that are all different."""
import base64
import json
import time

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

ISSUER = "https://id.example.com/realms/shop"
AUDIENCE = "orders-api"


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def integer(number, size=None):
    return base64url(number.to_bytes(size or (number.bit_length() + 7) // 8, "big"))


class Tokens:
    """Writes jwks.json and rs256.pem into the directory, and a file of `count` tokens for each algorithm."""

    def __init__(self, directory, count):
        self.rsa = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.ec = ec.generate_private_key(ec.SECP256R1())
        self.jwks_file = directory / "jwks.json"
        self.jwks_file.write_text(json.dumps({"keys": [self._rsa_jwk(), self._ec_jwk()]}))
        self.pem_file = directory / "rs256.pem"
        self.pem_file.write_bytes(self.rsa.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
        self.repeated = self.mint("RS256", "repeated")
        self.files = {}
        for algorithm in ("RS256", "ES256"):
            self.files[algorithm] = directory / f"{algorithm}.tokens"
            with self.files[algorithm].open("w") as file:
                file.writelines(self.mint(algorithm, str(number)) + "\n" for number in range(count))

    def mint(self, algorithm, token_id):
        now = int(time.time())
        header = {"alg": algorithm, "typ": "at+jwt", "kid": algorithm}
        payload = {
            "iss": ISSUER, "aud": AUDIENCE, "sub": "248289761001", "iat": now, "exp": now + 7200, "jti": token_id,
            "scope": "orders:read orders:write", "client_id": "s6BhdRkqt3", "realm_access": {"roles": ["buyer", "admin"]},
        }
        signed = f"{base64url(json.dumps(header).encode())}.{base64url(json.dumps(payload).encode())}"
        return f"{signed}.{base64url(self._sign(algorithm, signed.encode()))}"

    def _sign(self, algorithm, data):
        if algorithm == "RS256":
            return self.rsa.sign(data, padding.PKCS1v15(), hashes.SHA256())
        r, s = utils.decode_dss_signature(self.ec.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def _rsa_jwk(self):
        numbers = self.rsa.public_key().public_numbers()
        return {"kty": "RSA", "kid": "RS256", "alg": "RS256", "use": "sig", "n": integer(numbers.n), "e": integer(numbers.e)}

    def _ec_jwk(self):
        numbers = self.ec.public_key().public_numbers()
        return {"kty": "EC", "crv": "P-256", "kid": "ES256", "alg": "ES256", "use": "sig",
                "x": integer(numbers.x, 32), "y": integer(numbers.y, 32)}

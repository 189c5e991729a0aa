"""Keys and tokens. They are kept in a folder, since signing them takes longer than most measurements."""
import base64
import hashlib
import hmac
import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

ISSUER = "https://id.example.com/realms/shop"
SHARED_ISSUER = "https://id.example.com/realms/shared"  # of the tokens with HS256
AUDIENCE = "orders-api"
LIFETIME = 10 * 365 * 86_400  # the kept ones must be valid in later runs too


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def integer(number, size=None):
    return base64url(number.to_bytes(size or (number.bit_length() + 7) // 8, "big"))


class Tokens:
    """In the folder: jwks.json, the public keys; rs256.pem; secret, of HS256; private keys; files of tokens."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.rsa = self._key("RS256", lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048))
        self.ec = self._key("ES256", lambda: ec.generate_private_key(ec.SECP256R1()))
        self.secret = b"the secret of a benchmark, and of nothing else"
        self.secret_file = self.folder / "secret"
        self.secret_file.write_bytes(self.secret)
        self.jwks_file = self.folder / "jwks.json"
        self.jwks_file.write_text(json.dumps({"keys": [self._rsa_jwk(), self._ec_jwk()]}))
        self.pem_file = self.folder / "rs256.pem"
        self.pem_file.write_bytes(self.rsa.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))

    def many(self, algorithm, count):
        """So many different tokens, each time the same."""
        file = self.folder / f"{algorithm}.tokens"
        kept = file.read_text().splitlines() if file.exists() else []
        if len(kept) < count:
            with ThreadPoolExecutor() as threads:  # signing leaves Python's lock
                kept += threads.map(lambda number: self.mint(algorithm, f"{number:08}"), range(len(kept), count))
            file.write_text("".join(token + "\n" for token in kept))
        return kept[:count]

    def mint(self, algorithm, token_id="repeated", issuer=None):
        now = int(time.time())
        header = {"alg": algorithm, "typ": "at+jwt", "kid": algorithm}
        payload = {
            "iss": issuer or (SHARED_ISSUER if algorithm == "HS256" else ISSUER), "aud": AUDIENCE,
            "sub": "248289761001", "iat": now, "exp": now + LIFETIME, "jti": token_id,
            "scope": "orders:read orders:write", "client_id": "s6BhdRkqt3", "realm_access": {"roles": ["buyer", "admin"]},
        }
        signed = f"{base64url(json.dumps(header).encode())}.{base64url(json.dumps(payload).encode())}"
        return f"{signed}.{base64url(self._sign(algorithm, signed.encode()))}"

    def forge(self, algorithm, count=1, **claims):
        """So many different tokens, in order but for their signatures, which have the right length."""
        head, payload, signature = self.mint(algorithm, **claims).split(".")
        middle = len(signature) // 2
        begin, end = f"{head}.{payload}.{signature[:middle]}", signature[middle + 8:]
        return [f"{begin}{number:08d}{end}" for number in range(count)]

    def _sign(self, algorithm, data):
        if algorithm == "HS256":
            return hmac.digest(self.secret, data, hashlib.sha256)
        if algorithm == "RS256":
            return self.rsa.sign(data, padding.PKCS1v15(), hashes.SHA256())
        r, s = utils.decode_dss_signature(self.ec.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def _key(self, name, generate):
        file = self.folder / f"{name}.key"
        if not file.exists():
            file.write_bytes(generate().private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        return serialization.load_pem_private_key(file.read_bytes(), password=None)

    def _rsa_jwk(self):
        numbers = self.rsa.public_key().public_numbers()
        return {"kty": "RSA", "kid": "RS256", "alg": "RS256", "use": "sig", "n": integer(numbers.n), "e": integer(numbers.e)}

    def _ec_jwk(self):
        numbers = self.ec.public_key().public_numbers()
        return {"kty": "EC", "crv": "P-256", "kid": "ES256", "alg": "ES256", "use": "sig",
                "x": integer(numbers.x, 32), "y": integer(numbers.y, 32)}

"""The keys of a browser that asked for notices; the same in all tests, so that samples can name them."""

import base64

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


KEY = ec.derive_private_key(int.from_bytes(b"a browser of a test, 32 bytes ok"), ec.SECP256R1())
AUTH = b"sixteen bytes ok"
P256DH = b64(KEY.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))

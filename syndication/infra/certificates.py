"""Reads until when the certificate of a server is valid, whether it still is or not."""

import socket
import ssl
from datetime import datetime

from cryptography import x509

_PATIENCE = 5.0


def ends(host: str, port: int) -> datetime:
    """When it ends (UTC). Raises OSError where nobody answers there, or not in TLS."""
    context = ssl.create_default_context()
    # One that has ended is to be read as well; nothing is sent over this connection.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection((host, port), timeout=_PATIENCE) as plain,
        context.wrap_socket(plain, server_hostname=host) as wrapped,
    ):
        found = wrapped.getpeercert(binary_form=True)
    if found is None:
        raise OSError("the server shows no certificate")
    return x509.load_der_x509_certificate(found).not_valid_after_utc

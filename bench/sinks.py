"""Remotes that are not the bottleneck: postfix's smtp-sink and nginx where installed, else asyncio servers of our own."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

NGINX = """
worker_processes 1; daemon off; pid {folder}/pid; error_log {folder}/error.log crit;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 1000000; client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{port} backlog=4096; location / {{ return 204; }} }}
}}
"""


@dataclass(frozen=True)
class Sink:
    """A remote on 127.0.0.1, and what it is."""

    port: int
    named: str


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def mail() -> Iterator[Sink]:
    """An SMTP server that takes everything."""
    port = free_port()
    if program := shutil.which("smtp-sink") or (shutil.which("/usr/sbin/smtp-sink")):
        user = ["-u", "nobody"] if os.geteuid() == 0 else []
        command, named = [program, *user, f"127.0.0.1:{port}", "1000"], "postfix smtp-sink"
    else:
        command, named = [sys.executable, "-m", "bench.asyncio_sinks", "smtp", str(port)], "asyncio sink"
    with _running(command, port):
        yield Sink(port, named)


@contextmanager
def relay(milliseconds: int) -> Iterator[Sink]:
    """An SMTP server that takes its time over every command."""
    port = free_port()
    with _running([sys.executable, "-m", "bench.asyncio_sinks", "smtp", str(port), str(milliseconds)], port):
        yield Sink(port, f"{milliseconds} ms a command")


@contextmanager
def picky() -> Iterator[Sink]:
    """An SMTP server that refuses some recipients for now and some for good, as `asyncio_sinks.answer_to` says."""
    port = free_port()
    with _running([sys.executable, "-m", "bench.asyncio_sinks", "picky", str(port)], port):
        yield Sink(port, "4xx to 5 %, 5xx to 1 %")


@contextmanager
def http() -> Iterator[Sink]:
    """An HTTP server that answers 204 to everything."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        if program := shutil.which("nginx") or shutil.which("/usr/sbin/nginx"):
            config = Path(folder) / "nginx.conf"
            config.write_text(NGINX.format(folder=folder, port=port), encoding="utf-8")
            Path(folder).chmod(0o777)
            command, named = [program, "-p", folder, "-c", str(config)], "nginx"
        else:
            command, named = [sys.executable, "-m", "bench.asyncio_sinks", "http", str(port)], "asyncio sink"
        with _running(command, port):
            yield Sink(port, named)


@contextmanager
def _running(command: list[str], port: int) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            threading.Event().wait(0.05)
        else:
            raise RuntimeError(f"{command[0]} does not listen")
        yield
    finally:
        process.terminate()
        process.wait(10)

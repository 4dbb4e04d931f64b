"""What everybody writes first: one Celery task per reader, an EmailMessage each, a connection each."""

import os
import smtplib
import subprocess
import sys
import tempfile
import threading
from email.message import EmailMessage
from pathlib import Path

import redis
from celery import Celery

from syndication import clock
from syndication.stack import redis_server

app = Celery("bench.naive", broker=os.environ.get("NAIVE_BROKER", "memory://"))
app.conf.update(
    task_ignore_result=True,
    worker_prefetch_multiplier=4,
    broker_transport_options={"socket_timeout": 10},
)


@app.task(name="naive.mail", shared=False)  # type: ignore[untyped-decorator]  # celery ships no types
def mail(to: str) -> None:
    """One mail to one reader."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "news@bench.example", to, "Weinabend"
    message.set_content("Weinabend\n" + "Sechs Weine aus Franken, dazu Brot und Käse.\n" * 20)
    message.add_alternative(
        "<p>" + "Sechs Weine aus Franken, dazu Brot und Käse. " * 60 + "</p>", subtype="html"
    )
    with smtplib.SMTP("127.0.0.1", int(os.environ["NAIVE_PORT"])) as server:
        server.send_message(message)
    redis.Redis.from_url(os.environ["NAIVE_BROKER"].replace("redis+socket://", "unix://")).incr("naive")


def seconds_per_mail(port: int, readers: int, processes: int) -> float:
    """Seconds for each of `readers` mails with so many worker processes, queueing them included."""
    with tempfile.TemporaryDirectory() as folder, redis_server.start(Path(folder)) as server:
        environment = {**os.environ, "NAIVE_BROKER": server.url, "NAIVE_PORT": str(port)}
        worker = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "bench.naive", "worker", "-c", str(processes), "-l", "ERROR"],
            env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            sender = Celery("sender", broker=server.url)
            sender.send_task("naive.mail", args=("warm@example.org",))
            _await(server, 1)
            started = clock.monotonic()
            for number in range(readers):
                sender.send_task("naive.mail", args=(f"r{number}@example.org",))
            _await(server, readers + 1)
            return (clock.monotonic() - started) / readers
        finally:
            worker.terminate()
            worker.wait(20)


def _await(server: redis_server.Broker, count: int) -> None:
    client, pause = server.client(), threading.Event()
    while int(client.get("naive") or 0) < count:
        pause.wait(0.01)

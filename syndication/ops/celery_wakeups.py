"""Sends wake-ups as Celery messages, by task name, so that senders need not import the tasks."""

from celery import Celery

from syndication.config import Settings
from syndication.infra.wakeups import Sender

#: Wake-up → (task, queue). The one place where messages are routed.
ROUTES: dict[str, tuple[str, str]] = {
    "fanout": ("fanout.change", "fanout"),
    "push": ("delivery.drain", "push"),
    "mail": ("delivery.drain", "mail"),
    "feeds": ("delivery.drain", "feeds"),
    # Whoever signs up looks into their mail at once; the sweeps on this queue are short.
    "sign-up": ("readers.sign_up", "housekeeping"),
    # Whoever signs in waits before an empty mailbox, too.
    "sign-in": ("accounts.sign_in", "housekeeping"),
    "application": ("accounts.application", "housekeeping"),
    # Each works for seconds, then waits behind what came meanwhile.
    "file": ("files.go_on", "housekeeping"),
    # Somebody looks at how far it is.
    "bulk": ("deliveries.bulk", "housekeeping"),
    "pictures": ("pictures.prepare", "housekeeping"),
}
QUEUES = ("fanout", "push", "mail", "feeds", "housekeeping", "sweeps")
#: Processes that send mail on one machine; each has several connections.
MAIL_PROCESSES = 2
#: Seconds after which a wake-up in the broker is stale: the sweep has done its work by then, also where the clocks of two
#: machines differ by a minute.
_EXPIRES = 120
#: A broker that does not answer holds up whoever wakes no longer than this (seconds).
_TIMEOUT = 2


def transport_options(url: str, *, visibility: float | None = None) -> dict[str, object]:
    """Options for the broker's connection; those of Redis are unknown to other brokers."""
    if not url.startswith(("redis", "sentinel")):
        return {"confirm_publish": True}
    options: dict[str, object] = {
        "socket_timeout": 10,
        "socket_connect_timeout": 5,
        "socket_keepalive": True,
        "health_check_interval": 10,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
    }
    if url.startswith("redis+socket"):
        del options["socket_keepalive"], options["socket_connect_timeout"]  # a unix socket knows neither
    return options | ({"visibility_timeout": visibility} if visibility else {})


def sender(cfg: Settings) -> Sender:
    """A sender that sends to the broker of `cfg`. It raises where the broker does not answer within two seconds."""
    app = Celery("sender", broker=cfg.resolved_broker_url, set_as_current=False)
    app.conf.update(
        task_ignore_result=True,
        task_serializer="json",
        task_publish_retry=False,
        broker_connection_timeout=_TIMEOUT,
        broker_transport_options=transport_options(cfg.resolved_broker_url) | {"socket_timeout": _TIMEOUT},
    )

    def send(name: str, ids: tuple[str, ...]) -> None:
        task, queue = ROUTES[name]
        # A drain is told which queue; mail is sent by two processes at once.
        arguments = ids or ((queue,) if task == "delivery.drain" else ())
        for _ in range(min(cfg.mail_connections, MAIL_PROCESSES) if name == "mail" else 1):
            app.send_task(
                task, args=arguments, queue=queue, expires=_EXPIRES, ignore_result=True, retry=False
            )

    return send

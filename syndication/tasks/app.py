"""The Celery app: how messages travel, how workers start, what a child process opens."""

from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_init, worker_process_init, worker_process_shutdown
from kombu.entity import Queue

from syndication.config import Settings, settings
from syndication.delivery import drain, restore_mark
from syndication.errors import Conflict
from syndication.infra import db, logs, private_files, wakeups
from syndication.ops.celery_wakeups import QUEUES, sender, transport_options
from syndication.tasks import transport

#: Longest a task may run (seconds): soft, then hard. A drain claims for 8 s and then waits for what is on the wire.
SOFT_LIMIT, HARD_LIMIT = 100, 120
#: Mail waits up to ten minutes for the answer to the final dot (RFC 5321 section 4.5.3.2.6).
MAIL_SOFT_LIMIT, MAIL_HARD_LIMIT = 640, 660


def configuration(cfg: Settings) -> dict[str, Any]:
    """Celery's settings; the reasons stand in docs/decisions/0003-broker-wakes.md."""
    return {
        "broker_url": cfg.resolved_broker_url,
        "broker_transport_options": transport_options(cfg.resolved_broker_url, visibility=900),
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        # A key of the broker that is no list, for instance: the worker asks again, and says so, until it is gone.
        "broker_channel_error_retry": True,
        "task_queues": [Queue(name) for name in QUEUES],
        "task_default_queue": "housekeeping",
        "task_create_missing_queues": False,
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "task_acks_on_failure": True,
        "task_acks_on_timeout": True,
        "task_ignore_result": True,
        "task_store_errors_even_if_ignored": False,
        "task_soft_time_limit": SOFT_LIMIT,
        "task_time_limit": HARD_LIMIT,
        "task_publish_retry_policy": {"max_retries": 3, "interval_start": 0.1, "interval_max": 0.5},
        "worker_consumer": "syndication.tasks.consumer:SturdyConsumer",
        "worker_prefetch_multiplier": 1,
        # Mail takes two processes, webhooks and pictures one each, so five leave one for fan-out and housekeeping.
        "worker_concurrency": 5,
        "worker_max_tasks_per_child": 1000,
        "worker_max_memory_per_child": 250_000,
        "worker_soft_shutdown_timeout": 20,
        "worker_enable_soft_shutdown_on_idle": True,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "worker_send_task_events": True,
        "task_send_sent_event": True,
        "timezone": "UTC",
        "beat_schedule_filename": str(cfg.data_dir / "beat"),
        "imports": [
            "syndication.tasks.fanout",
            "syndication.tasks.delivery",
            "syndication.tasks.housekeeping",
            "syndication.tasks.posts",
            "syndication.tasks.signups",
            "syndication.tasks.files",
        ],
    }


private_files.process()  # before anything of a worker or of beat makes a file
app = Celery("syndication")


@app.on_configure.connect
def _configure(sender: Celery, **_: Any) -> None:
    # Beat opens its file before it says that it begins.
    private_files.folder(settings().data_dir)
    sender.conf.update(configuration(settings()))
    transport.use()


@setup_logging.connect
def _logging(**_: Any) -> None:
    logs.configure(settings().log_level, settings().log_format)


@worker_init.connect
@worker_process_init.connect
def _open(**_: Any) -> None:
    """Each process opens its own connections; a child first forgets its parent's."""
    cfg = settings()
    db.after_fork()
    db.connect(cfg.resolved_database_url, pool_size=cfg.database_pool)
    wakeups.use(sender(cfg))


@worker_init.connect
def _refuse_a_restored_database(**_: Any) -> None:
    """Nothing goes out by a backup that was restored and not settled."""
    try:
        restore_mark.require_settled(settings())
    except Conflict as error:
        # Celery logs what else a signal's receiver raises, and goes on.
        raise SystemExit(f"syndication: {error}") from error


@worker_process_shutdown.connect
def _close(**_: Any) -> None:
    """A child that is to end lets its lanes end first."""
    drain.finish()

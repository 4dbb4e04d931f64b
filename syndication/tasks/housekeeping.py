"""Wakes the sweeps that stand behind every bell; beat_schedule.py says how often."""

from syndication import (
    bell,
    db,
    editions,
    fanout,
    feeds,
    gallery,
    idempotency,
    insight,
    posts,
    prepared,
    readers,
    signups,
)
from syndication.config import settings
from syndication.delivery import drain, looking, outages, record, rescue, tending, waking
from syndication.delivery.claim import due, seen
from syndication.destinations import links
from syndication.tasks.app import app


@app.task(name="sweep.posts")
def publish_due() -> None:
    """Publish the posts whose time has come."""
    posts.publish_due()


@app.task(name="sweep.changes")
def changes() -> None:
    """Fan out what no bell completed."""
    fanout.sweep()


@app.task(name="sweep.sign_ups")
def sign_ups() -> None:
    """Answer the sign-ups that no bell completed."""
    signups.sweep()


@app.task(name="sweep.leases")
def leases() -> None:
    """Take over what died with its worker, and drop what became stale."""
    rescue.sweep()
    record.drop_over()


@app.task(name="sweep.deliveries")
def deliveries() -> None:
    """Wake what waits for outlets that work again, and ring for the queues on which something is due."""
    waking.sweep()
    for queue in ("push", "mail", "feeds"):
        if due(queue):
            bell.ring(queue)


@app.task(name="sweep.outages")
def standing_still() -> None:
    """Notice outlets of the city that take nothing any more, or work again, and tell the operator."""
    outages.sweep(settings())


@app.task(name="sweep.mail_server")
def mail_server() -> None:
    """Ask a mail server that failed whether it answers again, so that nothing waits longer than it must."""
    outages.ask_mail_server(settings())


@app.task(name="sweep.editions")
def slots() -> None:
    """Compose the editions whose slot has come."""
    editions.sweep()


@app.task(name="sweep.feeds")
def documents() -> None:
    """Build the feed documents that are stale."""
    feeds.sweep()


@app.task(name="pictures.prepare")
def pictures() -> None:
    """Fetch the pictures of posts and make them ready to be shown."""
    prepared.work(drain.tools().pictures)


@app.task(name="sweep.pictures")
def missing_pictures() -> None:
    """Ring for the pictures that are due: those whose bell was lost, and further tries."""
    if prepared.due():
        bell.ring(prepared.BELL)


@app.task(name="sweep.beat")
def beat() -> None:
    """Note that beat is alive."""
    with db.transaction() as session:
        seen(session, "beat", db.now(session))


@app.task(name="sweep.tallies")
def tallies() -> None:
    """Fold finished attempts into the counts of /metrics."""
    insight.fold()


@app.task(name="sweep.outlets")
def outlets() -> None:
    """Renew accesses before they end, ask outlets what they allow, and look for what may have arrived there."""
    tending.sweep(drain.tools())
    looking.sweep(drain.tools())


@app.task(name="sweep.retention")
def retention() -> None:
    """Forget what is older than the settings allow."""
    insight.prune()
    idempotency.sweep()
    readers.sweep()
    gallery.sweep()
    prepared.sweep()
    links.sweep()

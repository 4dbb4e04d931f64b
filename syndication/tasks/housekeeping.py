"""Tasks that run the sweeps behind every wake-up; beat_schedule.py says how often."""

import structlog

from syndication import clock, insight
from syndication.accounts import applications, passkeys, reports, reviews, sessions, sign_in, suspensions
from syndication.audience import editions, feeds, reader_imports, readers, signups
from syndication.config import settings
from syndication.delivery import fanout, outages, reconcile, record, refresh, rescue, restore_mark, resume
from syndication.delivery.claim import due, seen
from syndication.delivery.tools import tools
from syndication.destinations import links
from syndication.infra import db, wakeups
from syndication.ledger import bulk
from syndication.ops import alerts
from syndication.publishing import drafts, files, idempotency, posts, site_images, weekly_making
from syndication.publishing import uploads as gallery
from syndication.tasks.app import app

_log = structlog.get_logger(__name__)
#: How long one call composes editions.
_SECONDS = 20.0


@app.task(name="sweep.posts")
def publish_due() -> None:
    """Publish the posts whose time has come."""
    posts.publish_due()


@app.task(name="sweep.changes")
def changes() -> None:
    """Fan out what no wake-up completed."""
    fanout.sweep()


@app.task(name="sweep.sign_ups")
def sign_ups() -> None:
    """Answer the sign-ups that no wake-up completed."""
    signups.sweep()


@app.task(name="sweep.sign_ins")
def sign_ins() -> None:
    """Write to those who want to sign in whose wake-up was lost."""
    sign_in.sweep()


@app.task(name="sweep.applications")
def waiting_applications() -> None:
    """Write to businesses that applied whose wake-up was lost, and to the operators about new ones."""
    applications.sweep()


@app.task(name="sweep.accounts")
def accounts() -> None:
    """Forget sessions, links and passkeys' challenges that are over, applications that nobody confirmed, and who reported
    what was decided long ago."""
    applications.forget()
    reports.forget()
    sessions.sweep()
    sign_in.forget()
    passkeys.sweep()


@app.task(name="sweep.weekly")
def every_week() -> None:
    """Make the next posts of what comes every week."""
    weekly_making.sweep()


@app.task(name="sweep.suspensions")
def over_suspensions() -> None:
    """Take back what a suspension was to take back, and admit merchants again whose suspension is over."""
    suspensions.sweep()


@app.task(name="sweep.reviews")
def waiting_reviews() -> None:
    """Tell the operators what waits for their look, and merchants what was over before it."""
    reviews.sweep()


@app.task(name="sweep.drafts")
def forget_drafts() -> None:
    """Forget drafts that nobody touched for long."""
    drafts.sweep()


@app.task(name="sweep.leases")
def leases() -> None:
    """Take over what died with its worker, and drop what became stale."""
    rescue.sweep()
    record.drop_over()


@app.task(name="sweep.deliveries")
def deliveries() -> None:
    """Wake what waits for outlets that work again, and wake the queues on which something is due."""
    resume.sweep()
    for queue in ("push", "mail", "feeds"):
        if due(queue):
            wakeups.wake(queue)


@app.task(name="sweep.bulk")
def acts_on_many() -> None:
    """Wake acts on many deliveries that no wake-up completed."""
    bulk.sweep()


@app.task(name="sweep.outages")
def standing_still() -> None:
    """Notice outlets of the city that take nothing any more, or work again, and tell the operator."""
    outages.sweep(settings())


@app.task(name="sweep.alerts")
def alert() -> None:
    """Look what stands still, and tell the operators; of workers those tell that look from outside (ops/alerts/watcher.py)."""
    alerts.Watcher(settings(), but_for=alerts.BESIDE).look()


@app.task(name="sweep.mail_server")
def mail_server() -> None:
    """Ask a mail server that failed whether it answers again, so that nothing waits longer than it must."""
    outages.ask_mail_server(settings())


@app.task(name="sweep.editions")
def slots() -> None:
    """Compose the editions whose slot has come, as many as there are; after some seconds the next tick goes on."""
    deadline = clock.monotonic() + _SECONDS
    while editions.sweep() >= editions.MOST and clock.monotonic() < deadline:
        pass


@app.task(name="sweep.feeds")
def documents() -> None:
    """Build the feed documents that are stale."""
    feeds.sweep()


@app.task(name="pictures.prepare")
def pictures() -> None:
    """Fetch the pictures of posts and make them ready to be shown."""
    site_images.work(tools().pictures)


@app.task(name="sweep.pictures")
def missing_pictures() -> None:
    """Wake the pictures that are due: those whose wake-up was lost, and further tries."""
    if site_images.due():
        wakeups.wake(site_images.WAKEUP)


@app.task(name="sweep.beat")
def beat() -> None:
    """Note that beat is alive, here and in the database; one that was restored meanwhile stays recognisable."""
    cfg = settings()
    if (old := restore_mark.behind(cfg)) is not None:
        _log.error("database.restored", said=old.said)
        return
    with db.transaction() as session:
        now = db.now(session)
        seen(session, restore_mark.BEAT, now)
    restore_mark.note(cfg, now)


@app.task(name="sweep.tallies")
def tallies() -> None:
    """Fold finished attempts into the counts of /metrics."""
    insight.fold()


@app.task(name="sweep.outlets")
def outlets() -> None:
    """Renew accesses before they end, and ask outlets what they allow."""
    refresh.sweep(tools())


@app.task(name="sweep.doubts")
def doubts() -> None:
    """Look at outlets for what may have arrived there."""
    reconcile.sweep(tools())


@app.task(name="sweep.retention")
def retention() -> None:
    """Forget finished work that is older than the settings allow."""
    insight.prune()


@app.task(name="sweep.readers")
def unconfirmed() -> None:
    """Forget the addresses that nobody confirmed, and leave one reader of each that is listed twice."""
    readers.sweep()
    readers.merge()


@app.task(name="sweep.reader_imports")
def lists() -> None:
    """Take in the lists of readers that an operator let begin."""
    reader_imports.sweep()


@app.task(name="sweep.answers")
def answers() -> None:
    """Forget what repeated requests were answered."""
    idempotency.sweep()


@app.task(name="sweep.uploads")
def uploads() -> None:
    """Forget uploaded pictures that no post shows."""
    gallery.sweep()


@app.task(name="sweep.brought")
def brought() -> None:
    """Forget files that were brought to the desk a day ago."""
    files.sweep()


@app.task(name="sweep.prepared")
def unused_pictures() -> None:
    """Forget prepared pictures that nobody needs."""
    site_images.sweep()


@app.task(name="sweep.links")
def used_links() -> None:
    """Forget links to connect that are over."""
    links.sweep()

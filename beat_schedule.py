"""What runs by the clock, and how often. Ticks that nobody took expire, so that they do not pile up while workers are down."""

from typing import Any

#: Seconds by which the clocks of beat's machine and a worker's may differ: the moment at which a tick expires is written by
#: one and read by the other.
_CLOCKS_DIFFER = 60.0


def _every(seconds: float, task: str, queue: str = "sweeps") -> dict[str, Any]:
    """On `sweeps` is only what takes no time; what may take long, or asks others, is on `housekeeping`, or on its own."""
    options = {"queue": queue, "expires": seconds + _CLOCKS_DIFFER}
    return {"task": task, "schedule": seconds, "options": options}


BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    # A post "at 9:00" is out at 9:00:05 at the latest.
    "publish what is due": _every(5, "sweep.posts"),
    # A list of ten thousand readers is in within minutes, and keeps nobody else waiting.
    "take in lists of readers": _every(5, "sweep.reader_imports", "housekeeping"),
    # A lost wake-up delays a change by five seconds.
    "fan out what waits": _every(5, "sweep.changes"),
    # Who signed up waits before an empty mailbox; a lost wake-up makes that five seconds.
    "answer sign-ups": _every(5, "sweep.sign_ups", "housekeeping"),
    # The same for who wants to sign in.
    "answer who wants to sign in": _every(5, "sweep.sign_ins", "housekeeping"),
    # The same for a business that applies.
    "answer businesses that apply": _every(5, "sweep.applications", "housekeeping"),
    # A worker that died is noticed five seconds after its lease ran out.
    "take over what died": _every(5, "sweep.leases"),
    # Retries come due in the tables; nothing else would wake their queue.
    "wake what is due": _every(5, "sweep.deliveries"),
    # An act on many deliveries whose worker died goes on within a quarter of a minute.
    "go on with acts on many deliveries": _every(5, "sweep.bulk"),
    # The operator hears of an outage within a quarter of a minute of its five.
    "notice outages": _every(15, "sweep.outages"),
    # Of what stands still for minutes nobody need hear sooner; the processes beside the workers look as often.
    "tell of what stands still": _every(30, "sweep.alerts", "housekeeping"),
    # What waits for a mail server that is back goes out a minute later, not at its own next try in two hours.
    "ask after the mail server": _every(60, "sweep.mail_server", "housekeeping"),
    # What readers who hear at once get is gathered for two minutes; five seconds more nobody minds.
    "compose editions": _every(5, "sweep.editions", "housekeeping"),
    # Whoever brought a file waits for its table; a lost wake-up makes that five seconds.
    "go on with files": _every(5, "sweep.files"),
    # An offer leaves the feeds when it is over; readers' requests look themselves, this is for WebSub.
    "refresh feeds": _every(10, "sweep.feeds", "housekeeping"),
    # A website in trouble is asked again after a minute; a picture whose wake-up was lost is ten seconds late.
    "prepare pictures": _every(10, "sweep.pictures", "housekeeping"),
    # What the operator's page calls "beat was last seen".
    "show that beat lives": _every(10, "sweep.beat"),
    # Half the usual scrape interval of Prometheus.
    "fold tallies": _every(30, "sweep.tallies", "housekeeping"),
    # An access that is renewed a minute late is still in time: it is renewed well before it ends.
    "look after outlets": _every(60, "sweep.outlets", "housekeeping"),
    # A post is asked after twice, after a day and after a week; on the queue of those outlets, whose limits it keeps.
    "ask what came of posts": _every(600, "sweep.echoes", "push"),
    # What may have arrived is looked for a minute after it was sent at the earliest.
    "look for what is in doubt": _every(60, "sweep.doubts", "housekeeping"),
    # A date that is over makes room for one three weeks ahead; whoever changes something waits for no tick.
    "make what comes every week": _every(60, "sweep.weekly", "housekeeping"),
    # A suspension ends at midnight; a minute later nobody minds.
    "end suspensions": _every(60, "sweep.suspensions", "housekeeping"),
    # The operators hear within a minute that something waits, and then not again for an hour.
    "tell what waits for a look": _every(60, "sweep.reviews", "housekeeping"),
    # Retention counts in days; once an hour keeps each run small. Each is a task of its own, so that one that fails, or
    # meets its limit, keeps no other from forgetting: people were promised that an address is gone after seven days.
    "forget finished work": _every(3600, "sweep.retention", "housekeeping"),
    "forget unconfirmed addresses": _every(3600, "sweep.readers", "housekeeping"),
    "forget answers to repeats": _every(3600, "sweep.answers", "housekeeping"),
    "forget old drafts": _every(3600, "sweep.drafts", "housekeeping"),
    "forget brought files": _every(3600, "sweep.brought", "housekeeping"),
    "forget unused uploads": _every(3600, "sweep.uploads", "housekeeping"),
    "forget unused pictures": _every(3600, "sweep.prepared", "housekeeping"),
    "forget sessions that are over": _every(3600, "sweep.accounts", "housekeeping"),
    "forget links that are over": _every(3600, "sweep.links", "housekeeping"),
}

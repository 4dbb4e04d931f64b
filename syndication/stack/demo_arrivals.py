"""What came at the demo's mailbox and webhook receiver: figures for its table, and a line for each arrival."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from syndication.stack.mail_sink import Mail, MailSink
from syndication.stack.receiver import Receiver, Request


@dataclass(frozen=True)
class Published:
    """A post as the API took it; `at` in seconds since 1970."""

    id: str
    title: str
    at: float


@dataclass
class Arrivals:
    """Everything that came; figures are milliseconds from publishing, changing or asking to arrival."""

    mail: MailSink
    hooks: Receiver
    posts: dict[str, Published] = field(default_factory=dict)
    #: The post that was cancelled, `at` being the moment of that.
    cancelled: Published | None = None
    #: When each address asked for something, in seconds since 1970.
    asked: dict[str, float] = field(default_factory=dict)
    #: Who gathers posts in one mail a day.
    gatherer: str = ""

    webhook: list[float] = field(default_factory=list)
    unverified: int = 0
    #: By the title of the post.
    instant: dict[str, float] = field(default_factory=dict)
    #: In how many mails these came.
    mails: int = 0
    digest: list[float] = field(default_factory=list)
    corrections: dict[str, float] = field(default_factory=dict)
    feeds: dict[str, float] = field(default_factory=dict)
    pings: int = 0
    #: Address → the token of the letter that asks to confirm it.
    letters: dict[str, str] = field(default_factory=dict)
    _seen: list[str] = field(default_factory=list)
    _read: int = 0
    _heard: int = 0

    def news(self) -> Iterator[str]:
        """A line for whatever came since the last time: the seconds it took, where it came, what it was."""
        while self._seen:
            yield self._seen.pop(0)
        for mail in self.mail.mails[self._read :]:
            self._read += 1
            yield self._of_mail(mail)
        for request in self.hooks.requests[self._heard :]:
            self._heard += 1
            if request.path == "/board":
                yield self._of_webhook(request)
            elif request.path == "/hub":
                self.pings += 1

    def stands(self, form: str, post: Published, at: float) -> None:
        """A feed was seen to hold a post."""
        self.feeds[form] = (at - post.at) * 1000
        self._seen.append(_line(at - post.at, f"feed, {form}", post.title))

    def _of_mail(self, mail: Mail) -> str:
        subject, text, who = str(mail.message["Subject"]), mail.text, mail.recipient
        told = [post for post in self.posts.values() if post.title in text]
        since = min((post.at for post in told), default=self.asked.get(who, mail.at))
        if self.cancelled is not None and subject == f"Abgesagt: {self.cancelled.title}":
            since = self.cancelled.at
            self.corrections[f"mail to {who}"] = (mail.at - since) * 1000
        elif told and who == self.gatherer:
            since = self.asked[who]
            self.digest.append((mail.at - since) * 1000)
        elif told:
            self.mails += 1
            for post in told:
                self.instant.setdefault(post.title, (mail.at - post.at) * 1000)
        if found := re.search(r"/confirm/([\w.-]+)", text):
            self.letters[who] = found.group(1)
        link = re.search(r"https?://[^\s/]{1,100}/sign-in/[\w-]{1,200}", text)
        return _line(mail.at - since, f"mail to {who.partition('@')[0]}", subject) + (
            f"\n{'':10}{link.group()}" if link else ""
        )

    def _of_webhook(self, request: Request) -> str:
        event = json.loads(request.body)
        known = self.posts.get(event["data"]["post"]["id"])
        # Posts of whoever tries the demo are none of the demo's own.
        title, since = (
            (known.title, known.at) if known else (event["data"]["post"].get("title", "a post"), request.at)
        )
        if event["type"] == "post.published":
            if known:
                self.webhook.append((request.at - since) * 1000)
                self.unverified += not request.verified
        else:
            title = f"{title} ({event['type'].removeprefix('post.')})"
            if self.cancelled is not None and known and known.id == self.cancelled.id:
                since = self.cancelled.at
                self.corrections["webhook"] = (request.at - since) * 1000
        return _line(request.at - since, "webhook", title)


def _line(seconds: float, outlet: str, what: str) -> str:
    return f"{max(0.0, seconds):6.1f} s  {outlet:<14} {what}"

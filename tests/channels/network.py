"""What the tests of a network share: its fake at a receiver, tools, and one post's way through publish, revise, withdraw."""

from dataclasses import dataclass, replace
from typing import Any

from syndication import channels
from syndication.channels.contract import Channel
from syndication.channels.envelope import Envelope
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Receipt
from syndication.stack.receiver import Receiver
from tests.channels.samples import SAMPLES, Sample
from tests.remotes import REMOTES, Remote


@dataclass
class Account:
    """A destination of one kind, speaking to a fake of its network."""

    channel: Channel[Any, Any]
    remote: Any
    receiver: Receiver
    tools: Tools
    settings: dict[str, Any]

    def envelope(self, action: Any = "published", /, **fields: Any) -> Envelope:
        """A change of the sample post for this account."""
        one: Envelope = Sample(self.channel, self.settings, "change").envelope(
            self.receiver.url(), action, **fields
        )
        return one

    def send(self, envelope: Envelope) -> Receipt:
        """Render and send, as the delivery engine does."""
        return self.channel.send(self.channel.render(envelope), self.tools)

    def publish(self, **fields: Any) -> tuple[Envelope, Receipt]:
        """The sample post, published."""
        envelope = self.envelope(**fields)
        return envelope, self.send(envelope)

    def change(
        self, before: Envelope, receipt: Receipt, action: Any = "revised", /, **fields: Any
    ) -> Envelope:
        """A later change of what `receipt` confirmed, as the engine hands it in."""
        after = self.envelope(action, **fields)
        return replace(after, key="c2-0", sequence=2, reference=receipt.reference, shown=before.post.content)


def account(kind: str, receiver: Receiver, tools: Tools, **settings: Any) -> Account:
    """An account at a fresh fake."""
    remote: Remote = REMOTES[kind]()
    receiver.answer = remote.answer
    return Account(channels.by_kind(kind), remote, receiver, tools, {**SAMPLES[kind][0], **settings})

"""ntfy: notices on the phones of all who follow a topic (docs.ntfy.sh/publish)."""

from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import quote

from pydantic import Field, SecretStr

from syndication.channels.by_http import Rule
from syndication.channels.contract import Abilities, Channel, Limit
from syndication.channels.envelope import Envelope
from syndication.channels.preview import Preview, preview
from syndication.channels.settings import Account
from syndication.channels.social import pictured
from syndication.channels.social.counting import octets
from syndication.channels.social.requests import Network, text_at
from syndication.channels.social.settings import Server, SocialSettings, host_of
from syndication.channels.social.words import compose, pieces
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Receipt, TryLater
from syndication.content.reason import Reason
from syndication.infra.rate_limits import Rate

#: docs.ntfy.sh/publish, Limitations: a message has at most 4,096 bytes.
_BYTES = 4000
_HIGH, _DEFAULT = 4, 3

RULES: tuple[Rule, ...] = (
    Rule(401, "", "access", "ntfy does not accept this access. Please make a new access token and enter it."),
    Rule(403, "", "access", "ntfy does not let us write to this topic. Please allow it there, or enter an access token."),
    Rule(404, "", "refused", "ntfy does not answer as it should at this address. Please check the server's address."),
    Rule(413, "", "refused", "ntfy says the notice is too long."),
    Rule(507, "", "later", "The ntfy server has no room left. It will be tried again."),
    Rule(400, "", "refused", "ntfy does not take this notice as it is; its answer says why."),
)  # fmt: skip


class NtfySettings(SocialSettings):
    """A topic on a server. On a public server whoever knows the topic's name can read along."""

    harmless: ClassVar[frozenset[str]] = SocialSettings.harmless | {"topic"}

    server: Server = Field("https://ntfy.sh", description="The server; leave it unless you host your own.")
    topic: str = Field(
        pattern=r"^[-_A-Za-z0-9]{1,64}$", description="Name of the topic, such as coburg-aktuell."
    )
    access_token: SecretStr | None = Field(None, description="Access token, where the topic is protected.")

    @property
    def host(self) -> str:
        """The server."""
        return host_of(self.server)

    @property
    def speaks_as(self) -> Account | None:
        """The topic on its server."""
        name = f"{self.host}/{self.topic}"
        return Account(name, name, told=False)


@dataclass(frozen=True)
class Notice:
    """One notice; `sequence` is the same for all versions of a post."""

    server: str
    topic: str
    token: str = field(repr=False)
    sequence: str
    delete: bool
    body: dict[str, Any]
    remark: str


class Ntfy(Channel[Envelope, Notice]):
    """Publishes, replaces and takes back one notice for each post, by its sequence id."""

    kind = "ntfy"
    label = "ntfy"
    queue = "push"
    abilities = Abilities(
        revise=True,
        withdraw=True,
        repeatable=True,
        images=True,
        fetches="page",
        length=_BYTES,
        keeps_track=True,
    )
    settings = NtfySettings
    typed = ("topic", "access_token", "server")
    #: ntfy.sh: 60 at once, then one in five seconds (docs.ntfy.sh/publish, Limitations).
    limits = (Limit("host", Rate(60, 300)),)

    def render(self, envelope: Envelope) -> Notice:
        """Title, text, link and picture as JSON; a change that matters rings louder than mere wording."""
        chosen, post = envelope.settings, envelope.post
        assert isinstance(chosen, NtfySettings)
        composed = compose(envelope, self.kind, _BYTES, count=octets, link=False)
        picture, _, more = pictured.first(envelope)
        body: dict[str, Any] = {
            "topic": chosen.topic,
            "sequence_id": post.id.hex,
            "title": pieces(envelope, self.kind).title,
            "message": composed.text,
            "click": post.link,
            "priority": _HIGH if envelope.changed else _DEFAULT,
            "tags": list(post.content.topics),
        }
        return Notice(
            server=chosen.server,
            topic=chosen.topic,
            token=chosen.access_token.get_secret_value() if chosen.access_token else "",
            sequence=post.id.hex,
            delete=envelope.action == "withdrawn",
            body=body | ({"attach": picture} if picture else {}),
            remark=Reason.joined(composed.remark, more),
        )

    def preview(self, envelope: Envelope) -> Preview:
        """The notice with its title."""
        message = self.render(envelope)
        text = message.body["message"]
        return preview(
            text,
            title=message.body["title"],
            length=octets(text),
            most=_BYTES,
            unit="bytes",
            images=envelope.post.content.images,
            shown=1,
            remark=message.remark,
        )

    def send(self, message: Notice, tools: Tools) -> Receipt:
        """One POST to the server; the same sequence id takes the place of the earlier notice. Or its deletion."""
        access = (("authorization", f"Bearer {message.token}"),) if message.token else ()
        network = Network(self.label, RULES, tools, access, message.server)
        if message.delete:
            url = f"{message.server}/{quote(message.topic)}/{message.sequence}"
            return Receipt(code=network.call("DELETE", url, rules=(Rule(404, "", "fine"),)).status)
        found = network.json("POST", message.server, body=message.body)
        if not text_at(found, "id"):
            raise TryLater(
                Reason("ntfy did not say that it took the notice. Please check the server's address.")
            )
        return Receipt(
            reference=message.sequence,
            code=200,
            link=f"{message.server}/{message.topic}",
            remark=message.remark,
        )

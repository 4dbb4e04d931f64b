"""WebSub (W3C Recommendation, section 7): tells the hub that a feed has changed, so that it need not be polled."""

from urllib.parse import urlencode

from pydantic import Field

from syndication.channels import by_http
from syndication.channels.contract import Abilities, Channel, Specimen
from syndication.channels.envelope import Envelope, Note
from syndication.channels.messages import HttpMessage
from syndication.channels.settings import Settings
from syndication.channels.social.settings import PublicAddress
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Receipt


class HubSettings(Settings):
    """Which hub is told."""

    hub: PublicAddress = Field(description="Address of the WebSub hub.")


class WebSub(Channel[Note, HttpMessage]):
    """One ping to the hub for each document that changed."""

    kind = "websub"
    label = "WebSub"
    queue = "push"
    abilities = Abilities(revise=True, withdraw=True, repeatable=True)
    settings = HubSettings
    configurable = False
    takes_changes = False

    def render(self, envelope: Note) -> HttpMessage:
        """The form that publishers and hubs agreed on: `hub.mode=publish` and the feed's address."""
        assert isinstance(envelope.settings, HubSettings)
        topic = str(envelope.payload["topic"])
        form = urlencode({"hub.mode": "publish", "hub.url": topic, "hub.topic": topic})
        headers = (("content-type", "application/x-www-form-urlencoded"),)
        return HttpMessage("POST", envelope.settings.hub, headers, form.encode())

    def send(self, message: HttpMessage, tools: Tools) -> Receipt:
        """One POST; nothing a hub says closes it for good, since only the operator can change its address."""
        return by_http.send(message, tools, gone=frozenset())

    def specimens(self, envelope: Envelope, sender: str) -> tuple[Specimen, ...]:
        """The ping about one of the documents that change."""
        topic = {"topic": f"{envelope.city.base_url}/feeds/all.rss"}
        note = Note(envelope.key, topic, envelope.city, envelope.settings, sender, envelope.tried_at)
        ping = self.render(note)
        return (Specimen(ping.method, ping.url, ping.body),)

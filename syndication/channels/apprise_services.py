"""The Apprise services that may be used, and the parameters their addresses may hold.

Apprise offers more than 180 services and some hundred parameters, a few of which name files, commands, devices or timers of
this machine. What is not named here is refused, and so is what a later version brings. Not here on purpose: what is not
reached over the web, what has an outlet of its own, mail, alarms that wake people, tickets, switches and screens of a
house, and all that repeats, waits, attaches, or fills in a template.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from syndication.content.reason import Reason

_LONGEST = 2000
_FORM = re.compile(r"(?P<schema>[A-Za-z0-9]{1,32})://(?P<place>[^?]+)(?:\?(?P<query>[^?]*))?")
#: How a text begins that some library could take for a file, a folder or an address to read from.
_LOCAL = re.compile(
    r"@*\s*(?:[/\\~]|\.{1,2}[/\\]|[a-z]:[/\\]|[a-z][a-z0-9+.-]*:/|(?:file|data|memory):)", re.IGNORECASE
)

#: Schemas of one service, the longest text it takes (characters), and the parameters that may follow the `?`.
_ROWS: tuple[tuple[str, int, str], ...] = (
    ("apprise apprises", 32_768, "to"),
    ("atalk", 160, "apikey from mode to"),
    ("bark barks", 32_768, "group level sound to"),
    ("bulksms", 160, "from to"),
    ("bulkvs", 160, "from to"),
    ("burstsms kudosity", 160, "from key secret to"),
    ("chanify", 32_768, "token"),
    ("clickatell", 160, "apikey from to"),
    ("clicksend", 160, "key to"),
    ("cliq zcliq zohocliq", 5_000, "botname region to token"),
    ("cm", 1_224, "channels from to token"),
    ("d7sms", 160, "from source to"),
    ("dingtalk", 19_985, "secret to token"),
    ("eight00com", 600, "from to token"),
    ("elks 46elks", 160, "from to"),
    ("evolution evolutions", 32_768, "to"),
    ("exotel", 2_000, "from key priority region sid to token"),
    ("feishu", 19_985, "token"),
    ("flock", 32_768, "to"),
    ("fluxer fluxers", 2_000, "mode name"),
    ("form forms", 32_768, ""),
    ("freemobile", 160, ""),
    ("gchat", 4_000, "key thread token workspace"),
    ("gotify gotifys", 32_768, "priority"),
    ("groupme", 1_000, "bot_id token"),
    ("httpsms", 160, "from key to"),
    ("humhub humhubs", 4_000, "to"),
    ("infobip", 160, "from key to"),
    ("join", 1_000, "priority to"),
    ("json jsons", 32_768, ""),
    ("kavenegar", 160, "from to"),
    ("klr kaleyra", 4_000, "from key region sender sid to type"),
    ("kook", 5_000, "mode to token"),
    ("lark", 19_985, ""),
    ("lauther", 2_000, "group priority sound token"),
    ("line", 5_000, "to"),
    ("misskey misskeys", 512, "token visibility"),
    ("mobilemsg mobilemessage", 160, "from to"),
    ("msgbird", 160, "from to"),
    ("ncloud nclouds", 4_000, "to"),
    ("nctalk nctalks", 32_000, "secret silent"),
    ("nexmo vonage", 160, "from key secret to"),
    ("notica noticas", 32_768, ""),
    ("notifiarr", 4_096, "apikey from key to"),
    ("notifico notificos", 512, "project token"),
    ("octopush", 1_224, "key login to"),
    ("onebot onebots", 4_500, "to token"),
    ("onesignal", 32_768, "to"),
    ("pbul", 32_768, "to"),
    ("pinglet pinglets", 3_000, "priority token"),
    ("plivo", 140, "from id to token"),
    ("pover", 1_024, "sound to"),
    ("prowl", 10_000, "priority"),
    ("psafer psafers", 5_000, "priority sound to"),
    ("push", 1_000, ""),
    ("pushdeer pushdeers", 32_768, ""),
    ("pushed", 160, "to"),
    ("pushme", 32_768, "push_key token"),
    ("pushward", 3_000, "apikey level"),
    ("pushy", 4_096, "key sound to"),
    ("qq", 32_768, ""),
    ("revolt", 2_000, "bot_token channel to"),
    ("ringc", 160, "from mode secret source to token"),
    ("ryver", 1_000, "mode"),
    ("schan", 32_768, ""),
    ("serwersms", 160, "from sender to"),
    ("seven", 160, "from source to"),
    ("sfr", 160, "from sender to"),
    ("signal signals", 32_768, "from to"),
    ("signalgrid", 32_768, "client_key to"),
    ("sinch", 160, "from region spi to token"),
    ("smsc", 160, "sender to"),
    ("smseagle smseagles", 1_200, "priority to token"),
    ("smsmgr smsmanager", 160, "from key sender to"),
    ("smstunnel", 1_600, "key to"),
    ("sogs session sessions", 2_000, "key public_key seed to"),
    ("spugpush", 32_768, ""),
    ("spush simplepush", 7_000, "priority to"),
    ("stackfield", 4_000, "token"),
    ("synology synologys", 32_768, "token"),
    ("telesign", 1_600, "from key to type"),
    ("telnyx", 160, "from key to"),
    ("threema", 3_500, "from gwid secret to"),
    ("trigv trigvs", 1_000, "to"),
    ("twilio", 160, "from sid to token"),
    ("twist", 1_000, "to"),
    ("viber", 30_000, "from to token"),
    ("voipms", 160, "from to"),
    ("webex wxteams", 7_439, "mode to token"),
    ("wechat", 2_048, "to"),
    ("wecom pushplus", 20_000, "channel mode to token topic"),
    ("wecombot", 2_048, "key"),
    ("whapi", 4_096, "to token"),
    ("whatsapp", 1_024, "from to token"),
    ("wpush", 10_000, "apikey channel group option to topic topic_code"),
    ("wxpusher", 32_768, "to token"),
    ("x tweet twitter", 280, "mode to"),
    ("xml xmls", 32_768, ""),
    ("youlmk", 2_000, "group priority token"),
    ("zalo", 2_000, "to token"),
    ("zoom", 4_000, "mode token"),
    ("zulip", 10_000, "to token"),
)  # fmt: skip

#: Services that are better reached through their own outlet, by Apprise's name for them.
_OWN: dict[str, str] = {
    **dict.fromkeys(("discord",), "Discord"),
    **dict.fromkeys(("slack",), "Slack"),
    **dict.fromkeys(("tgram",), "Telegram"),
    **dict.fromkeys(("bsky", "bluesky"), "Bluesky"),
    **dict.fromkeys(("mastodon", "mastodons", "toot", "toots"), "Mastodon"),
    **dict.fromkeys(("matrix", "matrixs"), "Matrix"),
    **dict.fromkeys(("mmost", "mmosts"), "Mattermost"),
    **dict.fromkeys(("rocket", "rockets"), "Rocket.Chat"),
    **dict.fromkeys(("workflow", "workflows"), "Microsoft Teams"),
    **dict.fromkeys(("ntfy", "ntfys"), "ntfy"),
}


@dataclass(frozen=True)
class Service:
    """One service: the longest text it takes, in characters, and the names its address may hold after the `?`."""

    most: int
    parameters: frozenset[str]


#: By schema: the part of an address before `://`.
SERVICES: dict[str, Service] = {
    schema: Service(most, frozenset(parameters.split()))
    for schemas, most, parameters in _ROWS
    for schema in schemas.split()
}


def service_of(url: str) -> Service:
    """The service that an address in Apprise's form names. Raises ValueError with words for whoever entered it.

    It is read as Apprise reads it, but narrower: what Apprise might take in another way than we do is refused.
    """
    form = _FORM.fullmatch(url)
    if form is None or len(url) > _LONGEST:
        raise ValueError("is no address in Apprise's form, such as zulip://bot@organisation/token/stream")
    if any(ord(c) <= 32 or ord(c) == 127 or c == "\\" for c in url):
        raise ValueError("must not hold spaces, backslashes or control characters")
    schema = form["schema"].lower()
    if schema in _OWN:
        raise ValueError(Reason("belongs to a service that has an outlet of its own here: {}", _OWN[schema]))
    service = SERVICES.get(schema)
    if service is None:
        raise ValueError(Reason("belongs to a service that cannot be used here: {}", schema))
    for name, value in _parameters(form["query"] or ""):
        # Compared as it is written: a name in another spelling (%74o) is none that we know.
        if name.lower() not in service.parameters:
            raise ValueError(
                Reason("holds a part that cannot be used here, please leave it out: {}", name[:40])
            )
        if _looks_local(value):
            raise ValueError(
                Reason("must not name a file or another address, please leave it out: {}", name[:40])
            )
    return service


def _parameters(query: str) -> Iterator[tuple[str, str]]:
    for piece in re.split("[&;]", query):
        if piece:
            name, _, value = piece.partition("=")
            yield name, value


def _looks_local(value: str) -> bool:
    """Also where it is written in signs that one or two layers of a library would decode."""
    spellings = [value]
    for _ in range(3):
        spellings.append(unquote(spellings[-1]))
    return any(_LOCAL.match(one.strip()) for one in spellings)

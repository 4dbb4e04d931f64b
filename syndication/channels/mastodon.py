"""Mastodon, and what speaks its API (GoToSocial, Pleroma, Takahē): statuses after docs.joinmastodon.org/methods/statuses."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from html import unescape
from typing import Any, ClassVar, Literal
from urllib.parse import quote

from pydantic import Field, SecretStr

from syndication.channels.by_http import Rule, cooldown, json_of, shown
from syndication.channels.connector import Beginning, Client, Connector, Site
from syndication.channels.contract import Abilities, Channel, Echo, Limit
from syndication.channels.envelope import Envelope
from syndication.channels.preview import Preview, preview
from syndication.channels.settings import Account, Settings
from syndication.channels.social import oauth
from syndication.channels.social.counting import Count, cut, graphemes, letters, with_links_as
from syndication.channels.social.pictured import fetched, left_out
from syndication.channels.social.requests import Network, count_at, items_at, text_at
from syndication.channels.social.settings import Server, SocialSettings, host_of
from syndication.channels.social.words import compose
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Receipt, Refused, TryLater, Verdict
from syndication.content.base import Value
from syndication.content.post import Image
from syndication.content.reason import Reason
from syndication.infra.http import Answer
from syndication.infra.images import Limits
from syndication.infra.rate_limits import Rate

#: Largest answer that is read where it holds many statuses (bytes).
_TIMELINE = 2_000_000
_LOOK_BACK = 40
#: So much of a title or an own text (characters) is never cut off, and tells posts of the same link apart.
_MARK = 60

RULES: tuple[Rule, ...] = (
    Rule(400, "Invalid Bearer token", "access", "Mastodon no longer accepts our access. Please connect the account again."),
    Rule(400, "too long", "refused", "Mastodon says the text is too long. Please write a shorter text of its own for it."),
    Rule(401, "Not the author", "refused", "The post belongs to another account there. Please correct it there by hand."),
    Rule(401, "", "access", "Mastodon no longer accepts our access. Please connect the account again."),
    Rule(403, "disabled", "access", "Mastodon says this account is suspended. Log in there to see why."),
    Rule(403, "pending approval", "access", "Mastodon says this account still waits for approval by its server."),
    Rule(403, "confirmed e-mail", "access", "Mastodon says this account has not confirmed its mail address. Do so there."),
    Rule(403, "", "access", "Mastodon does not allow us to post there. Please connect the account again and agree to posting."),
    Rule(422, "not finished processing", "later", "Mastodon is still working on the picture."),
    Rule(422, "character limit", "refused", "Mastodon says the text is too long. Please write a shorter text of its own for it."),
    Rule(422, "", "refused", "Mastodon does not take this post as it is; its answer says why."),
)  # fmt: skip
LOGIN_RULES: tuple[Rule, ...] = (
    Rule(404, "", "refused", "This does not seem to be a Mastodon server. Please check its address."),
    Rule(None, "invalid_grant", "refused", "Mastodon did not accept the login. Please begin once more."),
    Rule(None, "invalid_client", "refused", "Mastodon did not accept the login. Please begin once more."),
    Rule(401, "access_denied", "refused", "Mastodon did not accept the login. Please begin once more."),
)  # fmt: skip
#: The least that posting needs.
_SCOPES = "read:accounts read:statuses write:media write:statuses"
#: Takahē (api/models/token.py, api/views/statuses.py of its source) asks for `read` as a whole where it says whose token it is,
#: knows no Idempotency-Key, and hides private posts from the account's own timeline.
_TAKAHE, _TAKAHES_SCOPES = "takahe", "read write"
#: Pages of the home timeline that are looked at for a private post there.
_PAGES = 5
_PERHAPS_THERE = Reason(
    "It may stand there already, and this server does not show it. Please look there, and send it again if it is missing."
)
#: Somebody deleted it; or the server is of a kind that cannot edit.
_NO_EDIT = (Rule(404, "", "fine"), Rule(405, "", "fine"), Rule(501, "", "fine"))
_DELETED = Reason("The post no longer stands on Mastodon: somebody deleted it there.")
_CANNOT_EDIT = Reason("This server cannot change what was posted. Please correct it there by hand.")
#: What is deleted may already be gone.
_ALREADY_GONE = (Rule(404, "", "fine"), Rule(410, "", "fine"))


class MastodonSettings(SocialSettings):
    """The account, by an access token with the scopes write:statuses, write:media, read:statuses and read:accounts."""

    harmless: ClassVar[frozenset[str]] = SocialSettings.harmless | {
        "visibility",
        "account",
        "characters",
        "per_link",
        "pictures",
        "software",
    }

    server: Server = Field(description="The server of the account, such as https://mastodon.social.")
    access_token: SecretStr = Field(description="Access token of the account (Preferences, Development).")
    visibility: Literal["public", "unlisted", "private"] = Field("public", description="Who sees the posts.")
    account: str = Field("", max_length=300, description="Name of the account; the service fills it in.")
    characters: int = Field(500, ge=100, le=100_000, description="Longest post; the service asks the server.")
    per_link: int = Field(23, ge=1, le=500, description="What a link counts; the service asks the server.")
    pictures: int = Field(4, ge=0, le=20, description="Most pictures of a post; the service asks the server.")
    software: str = Field("", max_length=40, description="What the server runs; the service asks the server.")

    @property
    def host(self) -> str:
        """The account's server."""
        return host_of(self.server)

    @property
    def speaks_as(self) -> Account | None:
        """The account whose token it is, as its server said."""
        name = f"@{self.account}@{self.host}"
        return Account(name.lower(), name) if self.account else None


@dataclass(frozen=True)
class Toot:
    """What is to stand on Mastodon. `reference` is the status that is edited or deleted; `find` says how to recognise it
    where its id is not known."""

    server: str
    token: str = field(repr=False)
    key: str
    delete: bool
    status: dict[str, Any]
    images: tuple[Image, ...]
    keep_media: bool
    reference: str
    doubtful: bool
    marks: tuple[tuple[str, str], ...]
    #: Whether the account's own timeline shows it.
    listed: bool
    published_at: datetime
    remark: str


class _Asked(Value):
    """What the owner says before they log in."""

    server: Server = Field(description="Your server, such as https://mastodon.social.")


class _Login(Connector):
    """Registers an app at whatever server it is (methods/apps), then asks its owner (methods/oauth)."""

    asks = _Asked
    app = None

    def begin(self, asked: Any, site: Site, tools: Tools) -> Beginning:
        scopes = _TAKAHES_SCOPES if _asked_software(asked.server, tools) == _TAKAHE else _SCOPES
        body = {"client_name": site.name, "redirect_uris": site.redirect, "scopes": scopes}
        found = _login(tools).json("POST", f"{asked.server}/api/v1/apps", body=body)
        client = Client(text_at(found, "client_id"), text_at(found, "client_secret"))
        verifier = oauth.new_verifier()
        url = oauth.authorization_url(
            f"{asked.server}/oauth/authorize",
            client,
            site.redirect,
            scopes,
            code_challenge=oauth.challenge(verifier),
            code_challenge_method="S256",
        )
        memo = {"server": asked.server, "id": client.id, "secret": client.secret, "verifier": verifier}
        return Beginning(url, memo)

    def finish(
        self, memo: Mapping[str, Any], code: str, site: Site, tools: Tools, now: datetime
    ) -> dict[str, Any]:
        found = oauth.tokens(
            _login(tools),
            f"{memo['server']}/oauth/token",
            Client(memo["id"], memo["secret"]),
            site.redirect,
            code,
            code_verifier=memo["verifier"],
        )
        return {"server": memo["server"], "access_token": text_at(found, "access_token")}


def _login(tools: Tools) -> Network:
    return Network(Mastodon.label, LOGIN_RULES, tools)


def _asked_software(server: str, tools: Tools) -> str:
    """What the server runs, where it says so; whether it is one at all, the next question tells."""
    try:
        return _software(_login(tools).json("GET", f"{server}/api/v2/instance", most_read=_TIMELINE))
    except Verdict:
        return ""


def _software(about: Any) -> str:
    """Whose server it is, as its version says ("takahe/0.11.0", "2.7.2 (compatible; Pleroma 2.7.0)") or where its source is.

    Empty for Mastodon itself and its forks, whose version is a number alone (entities/Instance).
    """
    named = re.search(r"^([A-Za-z]\w*)/|compatible; (\w+)", text_at(about, "version"))
    if named:
        return (named[1] or named[2]).lower()[:40]
    return "gotosocial" if "gotosocial" in text_at(about, "source_url").lower() else ""


class Mastodon(Channel[Envelope, Toot]):
    """Posts, edits and deletes statuses, with pictures and their alternative text."""

    kind = "mastodon"
    label = "Mastodon"
    queue = "push"
    abilities = Abilities(
        revise=True, withdraw=True, repeatable=True, images=True, length=500, keeps_track=True
    )
    settings = MastodonSettings
    connector = _Login()
    rehearsed = Answer(200, {}, b'{"id": "1", "acct": "you"}')
    #: Pictures and deletions: 30 in 30 minutes for each account (docs.joinmastodon.org/api/rate-limits).
    limits = (Limit("destination", Rate(30, 1800)),)
    tended_every = 86_400.0
    echoes = True

    def render(self, envelope: Envelope) -> Toot:
        """The status in the post's language, counted as its server counts; an address is a link there with its scheme alone."""
        chosen, content = envelope.settings, envelope.post.content
        assert isinstance(chosen, MastodonSettings)
        composed = compose(
            envelope,
            self.kind,
            chosen.characters,
            count=_count(chosen),
            schemes=True,
        )
        images = content.images[: chosen.pictures]
        return Toot(
            server=chosen.server,
            token=chosen.access_token.get_secret_value(),
            key=envelope.key,
            delete=envelope.action == "withdrawn",
            status={
                "status": composed.text,
                "visibility": chosen.visibility,
                "language": content.language.partition("-")[0],
                # Elsewhere an account may be set to write Markdown.
                **({"content_type": "text/plain"} if chosen.software else {}),
            },
            images=images,
            keep_media=envelope.shown is not None and envelope.shown.images == content.images,
            reference=envelope.reference or "",
            doubtful=envelope.doubtful,
            marks=tuple(
                (envelope.post.link, one.texts.get(self.kind, one.title)[:_MARK])
                for one in (content, *envelope.earlier)
            ),
            listed=(chosen.software, chosen.visibility) != (_TAKAHE, "private"),
            published_at=envelope.post.published_at,
            remark=Reason.joined(composed.remark, left_out(content.images, chosen.pictures)),
        )

    def preview(self, envelope: Envelope) -> Preview:
        """The status, counted as its server counts."""
        chosen, message = envelope.settings, self.render(envelope)
        assert isinstance(chosen, MastodonSettings)
        text = message.status["status"]
        return preview(
            text,
            length=_count(chosen)(text),
            most=chosen.characters,
            images=envelope.post.content.images,
            shown=chosen.pictures,
            remark=message.remark,
        )

    def send(self, message: Toot, tools: Tools) -> Receipt:
        """Pictures first, then the status that names them. A repeat looks at the account's own timeline before it posts."""
        network = Network(
            self.label, RULES, tools, (("authorization", f"Bearer {message.token}"),), message.server
        )
        status_id, _, media = message.reference.partition(" ")
        if not status_id and message.doubtful:
            status_id, media = _found(network, message)
        if message.delete:
            return _delete(network, message.server, status_id)
        remark = message.remark
        if message.keep_media:
            ids = media.split()
        else:
            ids, said = _upload(network, message, tools)
            remark = Reason.joined(remark, said)
        body = message.status | ({"media_ids": ids} if ids else {})
        if status_id:
            answer = _edit(network, message.server, status_id, body)
        else:
            key = (("idempotency-key", message.key),)
            answer = network.call("POST", f"{message.server}/api/v1/statuses", body=body, headers=key)
        return _receipt(network, answer, ids, remark)

    def tend(self, settings: Settings, tools: Tools, now: datetime) -> Settings:
        """Asks the server whose token it is and how long a post may be (GET /api/v2/instance)."""
        assert isinstance(settings, MastodonSettings)
        token = settings.access_token.get_secret_value()
        network = Network(self.label, RULES, tools, (("authorization", f"Bearer {token}"),), settings.server)
        me = network.json("GET", f"{settings.server}/api/v1/accounts/verify_credentials")
        known_since_4 = f"{settings.server}/api/v2/instance"
        answer = network.call("GET", known_since_4, most_read=_TIMELINE, rules=(Rule(404, "", "fine"),))
        about = json_of(answer, self.label) if answer.status != 404 else {}
        learned = {
            "account": text_at(me, "acct"),
            "characters": text_at(about, "configuration", "statuses", "max_characters"),
            "per_link": text_at(about, "configuration", "statuses", "characters_reserved_per_url"),
            "pictures": text_at(about, "configuration", "statuses", "max_media_attachments"),
            "software": _software(about),
        }
        known = {name: value for name, value in learned.items() if value}
        return MastodonSettings.model_validate({**settings.plain(), **settings.secrets(), **known})

    def echo(self, settings: Settings, reference: str, tools: Tools) -> Echo | None:
        """The counts of a status (methods/statuses, GET; entities/Status)."""
        assert isinstance(settings, MastodonSettings)
        token = settings.access_token.get_secret_value()
        network = Network(self.label, RULES, tools, (("authorization", f"Bearer {token}"),), settings.server)
        status_id = quote(reference.partition(" ")[0], safe="")
        answer = network.call("GET", f"{settings.server}/api/v1/statuses/{status_id}", rules=_ALREADY_GONE)
        if answer.status >= 400:
            return None
        status = json_of(answer, self.label)
        names = ("favourites_count", "reblogs_count", "replies_count")
        return Echo(*(count_at(status, name) for name in names))


def _count(chosen: MastodonSettings) -> Count:
    """Whoever speaks Mastodon's API takes each link as it is written (GoToSocial, Pleroma, Takahē), whatever it says."""
    return len if chosen.software else with_links_as(chosen.per_link, graphemes)


def _edit(network: Network, server: str, status_id: str, body: dict[str, Any]) -> Answer:
    url = f"{server}/api/v1/statuses/{quote(status_id, safe='')}"
    # An edit cannot change who sees it.
    changed = {name: value for name, value in body.items() if name != "visibility"}
    answer = network.call("PUT", url, body=changed, rules=_NO_EDIT)
    if answer.status >= 400:
        stands = network.call("GET", url, rules=_ALREADY_GONE).status < 400
        raise Refused(_CANNOT_EDIT if stands else _DELETED, code=answer.status, answer=shown(answer))
    return answer


def _delete(network: Network, server: str, status_id: str) -> Receipt:
    if not status_id:
        return Receipt(remark=Reason("It does not stand on Mastodon, so there was nothing to delete."))
    answer = network.call(
        "DELETE", f"{server}/api/v1/statuses/{quote(status_id, safe='')}", rules=_ALREADY_GONE
    )
    return Receipt(code=answer.status, cooldown=cooldown(answer))


def _upload(network: Network, message: Toot, tools: Tools) -> tuple[list[str], str]:
    """Media ids of the pictures (POST /api/v2/media), and a remark about those that could not be had."""
    pictures, remark = fetched(message.images, Limits(side=1920), tools)
    ids = []
    for image, picture in pictures:
        answer = network.form(
            f"{message.server}/api/v2/media",
            [("description", cut(image.alt, 1500)), ("file", ("picture.jpg", picture.data, picture.type))],
        )
        ids.append(text_at(answer, "id"))
    if not all(ids):
        raise TryLater(Reason("Mastodon answered without the id of the picture."))
    return ids, remark


def _receipt(network: Network, answer: Any, media: list[str], remark: str) -> Receipt:
    found = json_of(answer, network.name)
    status_id = text_at(found, "id")
    if not status_id:
        # It may stand there all the same: the next try looks first.
        raise TryLater(Reason("Mastodon answered without the id of the post."), code=answer.status)
    return Receipt(
        reference=" ".join([status_id, *media])[:1000],
        code=answer.status,
        link=text_at(found, "url") or None,
        remark=remark,
        cooldown=cooldown(answer),
    )


def _found(network: Network, message: Toot) -> tuple[str, str]:
    """Id and media ids of the status that an earlier try may have left there; empty for none.

    Raises Refused where that cannot be known, so that nothing is posted twice.
    """
    me = text_at(network.json("GET", f"{message.server}/api/v1/accounts/verify_credentials"), "id")
    own = f"{message.server}/api/v1/accounts/{quote(me, safe='')}/statuses?limit={_LOOK_BACK}&exclude_reblogs=true"
    status = _recognised(_statuses(network, own), message)
    if status is None and not message.listed:
        status = _at_home(network, message, me)
    if status is None:
        return "", ""
    media = [text_at(one, "id") for one in items_at(status, "media_attachments") or []]
    return text_at(status, "id"), " ".join(media)


def _at_home(network: Network, message: Toot, me: str) -> Any:
    """The same on the home timeline, which shows the account's private posts too, among those of others."""
    url = f"{message.server}/api/v1/timelines/home?limit={_LOOK_BACK}"
    page = url
    for _ in range(_PAGES):
        statuses = _statuses(network, page)
        written = [
            one for one in statuses if not text_at(one, "reblog", "id")
        ]  # others may be older than they stand there
        status = _recognised([one for one in written if text_at(one, "account", "id") == me], message)
        if status is not None or not statuses or (written and _older(written[-1], message)):
            return status
        page = f"{url}&max_id={quote(text_at(statuses[-1], 'id'), safe='')}"
    raise Refused(_PERHAPS_THERE)


def _statuses(network: Network, url: str) -> list[Any]:
    """A page of a timeline, the newest first."""
    found = network.json("GET", url, most_read=_TIMELINE)
    if not isinstance(found, list):
        raise TryLater(Reason("Mastodon did not show what stands there. It will be tried again."))
    return found


def _recognised(statuses: list[Any], message: Toot) -> Any:
    """The one that says what the post says; what is older than the post is another one, however alike."""
    wanted = [[letters(part) for part in mark] for mark in message.marks]
    for status in statuses:
        if _older(status, message):
            return None
        said = letters(unescape(re.sub(r"<[^<>]*>", "", text_at(status, "content"))))
        if any(all(part in said for part in mark) for mark in wanted):
            return status
    return None


def _older(status: Any, message: Toot) -> bool:
    return text_at(status, "created_at") < message.published_at.isoformat()[:10]

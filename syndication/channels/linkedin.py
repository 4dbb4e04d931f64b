"""A LinkedIn page, by the Posts API (learn.microsoft.com/linkedin/marketing/community-management/shares/posts-api)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import quote

from pydantic import Field, SecretStr

from syndication.channels import wording
from syndication.channels.by_http import Rule, shown
from syndication.channels.connector import Beginning, Client, Connector, Site
from syndication.channels.contract import Abilities, Channel, Limit
from syndication.channels.envelope import Envelope
from syndication.channels.preview import Preview, preview
from syndication.channels.settings import Account, Settings
from syndication.channels.social import oauth
from syndication.channels.social.counting import links, utf16
from syndication.channels.social.pictured import fetched
from syndication.channels.social.requests import Network, text_at
from syndication.channels.social.settings import ExpiringSettings, Server
from syndication.channels.social.words import compose
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Receipt, Refused, Unconfirmed
from syndication.content.base import Moment, Value
from syndication.content.post import Image
from syndication.content.reason import Reason
from syndication.infra.http import Answer
from syndication.infra.images import Limits
from syndication.infra.rate_limits import Rate
from syndication.infra.ssrf import origin

#: The version of July 2026; each is served for a year at least (linkedin/marketing/versioning).
VERSION = "202607"
_MOST = 3000
_MOST_PICTURES = 20
#: An access token is renewed this long before it ends.
_AHEAD = timedelta(days=10)
_KEPT_PICTURES = Reason("LinkedIn cannot change the pictures of a post, so they stay as they were.")
_KEPT_CARD = Reason("LinkedIn cannot change the card of the link, so it keeps its earlier title.")
_STOOD_THERE = Reason(
    "The same text stood on LinkedIn already, so nothing new was posted and this is taken for it."
)
_RAN_OUT = Reason("The access to LinkedIn has run out. Please connect the page again.")
_NOT_RENEWED = Reason("LinkedIn no longer renews the access. Please connect the page again.")
_TWICE = Reason("LinkedIn says that the same text was posted already. Please look there.")

RULES: tuple[Rule, ...] = (
    Rule(401, "EXPIRED_ACCESS_TOKEN", "access", _RAN_OUT),
    Rule(401, "REVOKED_ACCESS_TOKEN", "access", "The access to LinkedIn was taken back. Please connect the page again."),
    Rule(401, "", "access", "LinkedIn no longer accepts our access. Please connect the page again."),
    Rule(403, "", "access", "LinkedIn does not let this account post for the page. It must be an administrator there."),
    Rule(426, "", "refused", "This service speaks a version of LinkedIn that is no longer served. Please tell the operator."),
    Rule(429, "", "later", "LinkedIn takes no more requests today."),
    Rule(422, "duplicate", "refused", _TWICE),
    Rule(422, "", "refused", "LinkedIn does not take this post as it is; its answer says why."),
    Rule(400, "", "refused", "LinkedIn does not take this post as it is; its answer says why."),
)  # fmt: skip
TOKEN_RULES: tuple[Rule, ...] = (
    Rule(None, "invalid_client", "access", "LinkedIn does not know the app. Please check client id and client secret."),
    Rule(400, "", "access", _NOT_RENEWED),
    Rule(401, "", "access", _NOT_RENEWED),
)  # fmt: skip
LOGIN_RULES: tuple[Rule, ...] = (
    Rule(None, "invalid_client", "refused", "LinkedIn does not know the operator's app. Please tell the operator."),
    Rule(400, "", "refused", "LinkedIn did not accept the login. Please begin once more."),
    Rule(401, "", "refused", "LinkedIn did not accept the login. Please begin once more."),
)  # fmt: skip
_APP, _API, _AUTH = "linkedin", "https://api.linkedin.com", "https://www.linkedin.com"
#: Reading is needed to say which posts stand there.
_SCOPE = "w_organization_social r_organization_social"
_EDIT_GONE = (Rule(404, "", "refused", "The post no longer stands on LinkedIn: somebody deleted it there."),)
_ALREADY_GONE = (Rule(404, "", "fine"),)
_DUPLICATE = (Rule(422, "duplicate of urn:li:", "fine"),)
_URN = re.compile(r"urn:li:(?:share|ugcPost):\d+")
#: What must be escaped in the "little" text format, and what is a hashtag in ours.
_RESERVED = re.compile(r"([\\|{}@\[\]()<>#*_~])")
_HASHTAG = re.compile(r"(?<!\w)#(\w+)")


class LinkedInSettings(ExpiringSettings):
    """The organisation, by an access token with w_organization_social."""

    harmless: ClassVar[frozenset[str]] = ExpiringSettings.harmless | {
        "organization",
        "client_id",
        "token_ends_at",
    }

    organization: str = Field(
        pattern=r"^\d{1,20}$",
        description="Number of the page: in its admin view, linkedin.com/company/NUMBER.",
    )
    access_token: SecretStr = Field(
        description="Access token of an administrator of the page; lasts 60 days."
    )
    refresh_token: SecretStr | None = Field(
        None, description="Refresh token, where LinkedIn gave one; with it the access is renewed for a year."
    )
    client_id: str = Field(
        "",
        max_length=200,
        description="Client ID of the app that the access was given to; needed for renewing.",
    )
    client_secret: SecretStr | None = Field(
        None, description="Client secret of that app; not needed where it is the city's own."
    )
    token_ends_at: Moment | None = Field(
        None, description="When the access token ends; the service fills it in."
    )
    api: Server = Field(_API, description="Address of LinkedIn's API; change it only for a proxy.")
    auth: Server = Field(_AUTH, description="Where tokens are renewed; change it only for a proxy.")

    @property
    def speaks_as(self) -> Account | None:
        """The organisation."""
        return Account(self.organization, f"linkedin.com/company/{self.organization}")


@dataclass(frozen=True)
class OrganisationPost:
    """What is to stand on the page. `reference` is the post that is edited or deleted; `edited` what an edit leaves out."""

    api: str
    token: str = field(repr=False)
    author: str
    delete: bool
    commentary: str
    article: dict[str, str]
    images: tuple[Image, ...]
    reference: str
    edited: str
    remark: str


class _Asked(Value):
    """What the owner says before they log in."""

    organization: str = Field(
        pattern=r"^\d{1,20}$",
        description="Number of your page: in its admin view, linkedin.com/company/NUMBER.",
    )


class _Login(Connector):
    """linkedin/shared/authentication/authorization-code-flow."""

    asks = _Asked
    app = _APP

    def begin(self, asked: Any, site: Site, tools: Tools) -> Beginning:
        address = site.app.address("auth", _AUTH) + "/oauth/v2/authorization"
        url = oauth.authorization_url(address, site.app, site.redirect, _SCOPE)
        return Beginning(url, asked.model_dump())

    def finish(
        self, memo: Mapping[str, Any], code: str, site: Site, tools: Tools, now: datetime
    ) -> dict[str, Any]:
        network = Network(LinkedIn.label, LOGIN_RULES, tools)
        url = site.app.address("auth", _AUTH) + "/oauth/v2/accessToken"
        learned = _tokens(oauth.tokens(network, url, site.app, site.redirect, code), now)
        return {
            **memo,
            "client_id": site.app.id,
            "expires_at": learned.get("token_ends_at"),
            # What was just given goes to LinkedIn, whatever address the outlet had before.
            "api": site.app.address("api", _API),
            "auth": site.app.address("auth", _AUTH),
            **learned,
        }


class LinkedIn(Channel[Envelope, OrganisationPost]):
    """Posts, edits and deletes posts of an organisation, with pictures and their alternative text, or a card of the link."""

    kind = "linkedin"
    label = "LinkedIn"
    queue = "push"
    abilities = Abilities(
        revise=True, withdraw=True, repeatable=False, images=True, length=_MOST, keeps_track=True
    )
    settings = LinkedInSettings
    connector = _Login()
    rehearsed = Answer(
        201,
        {"x-restli-id": "urn:li:share:1"},
        b'{"value": {"uploadUrl": "https://www.linkedin.com/upload", "image": "urn:li:image:1"}}',
    )
    #: 150 requests a day for each member (Share on LinkedIn, rate limits); a post with a picture makes three.
    limits = (Limit("destination", Rate(50, 86_400)),)
    tended_every = 86_400.0

    def render(self, envelope: Envelope) -> OrganisationPost:
        """The text always holds the link: a card of it cannot be edited, and pictures leave no room for one."""
        chosen, content, before = envelope.settings, envelope.post.content, envelope.shown
        assert isinstance(chosen, LinkedInSettings)
        # It is said nowhere whether the signs of the format count, so they do.
        composed = compose(envelope, self.kind, _MOST, count=lambda text: utf16(little(text)))
        article = {"source": envelope.post.link, "title": wording.title(content, content.language)}
        images_differ = before is not None and before.images != content.images
        card_differs = (
            before is not None
            and not before.images
            and (wording.title(before, content.language) != article["title"])
        )
        return OrganisationPost(
            api=chosen.api,
            token=chosen.access_token.get_secret_value(),
            author=f"urn:li:organization:{chosen.organization}",
            delete=envelope.action == "withdrawn",
            commentary=little(composed.text),
            article=article | ({"description": content.summary} if content.summary else {}),
            images=content.images[:_MOST_PICTURES],
            reference=envelope.reference or "",
            edited=Reason.joined(_KEPT_PICTURES if images_differ else "", _KEPT_CARD if card_differs else ""),
            remark=composed.remark,
        )

    def preview(self, envelope: Envelope) -> Preview:
        """The text as people read it; its length is that of LinkedIn's format."""
        message = self.render(envelope)
        return preview(
            _read(message.commentary),
            length=utf16(message.commentary),
            most=_MOST,
            images=envelope.post.content.images,
            shown=_MOST_PICTURES,
            remark=message.remark,
        )

    def send(self, message: OrganisationPost, tools: Tools) -> Receipt:
        """Pictures first, then the post that shows them. Only the post itself must not be made twice."""
        network = Network(
            self.label,
            RULES,
            tools,
            (
                ("authorization", f"Bearer {message.token}"),
                ("linkedin-version", VERSION),
                ("x-restli-protocol-version", "2.0.0"),
            ),
            message.api,
        )
        if message.delete:
            return _delete(network, message)
        if message.reference:
            return _edit(network, message)
        content, said = _content(network, message, tools)
        answer = network.call(
            "POST",
            f"{message.api}/rest/posts",
            body=_body(message, content),
            repeatable=False,
            rules=_DUPLICATE,
        )
        if answer.status == 422:
            urn = _URN.search(shown(answer))
            if urn is None:
                raise Refused(_TWICE, code=422, answer=shown(answer))
            return _receipt(urn.group(), 422, Reason.joined(message.remark, _STOOD_THERE))
        urn_given = answer.headers.get("x-restli-id") or answer.headers.get("x-linkedin-id") or ""
        if not urn_given:
            raise Unconfirmed(
                Reason("LinkedIn answered without the id of the post. Please look there."), code=answer.status
            )
        return _receipt(urn_given, answer.status, Reason.joined(message.remark, said))

    def tend(self, settings: Settings, tools: Tools, now: datetime) -> Settings:
        """Renews the access before it ends, or asks when it does. Without the app's id and secret neither can be known."""
        assert isinstance(settings, LinkedInSettings)
        if _client(settings) is None:
            return settings
        if settings.refresh_token is None:
            return _asked(self.label, settings, tools)
        if settings.token_ends_at is not None and settings.token_ends_at - now > _AHEAD:
            return settings
        return _renewed(self.label, settings, tools, now)


def little(text: str) -> str:
    """`text` in LinkedIn's "little" format: hashtags as templates, all other reserved signs escaped, addresses left whole."""
    pieces, end = [], 0
    for start, stop in links(text):
        pieces += [_with_hashtags(text[end:start]), _escaped(text[start:stop])]
        end = stop
    return "".join([*pieces, _with_hashtags(text[end:])])


def _read(text: str) -> str:
    """What people see of a text in the "little" format."""
    return re.sub(r"\\(.)", r"\1", re.sub(r"\{hashtag\|\\#\|((?:\\.|[^{}\\]){0,300})\}", r"#\1", text))


def _with_hashtags(text: str) -> str:
    pieces, end = [], 0
    for found in _HASHTAG.finditer(text):
        pieces += [_escaped(text[end : found.start()]), "{hashtag|\\#|", _escaped(found.group(1)), "}"]
        end = found.end()
    return "".join([*pieces, _escaped(text[end:])])


def _escaped(text: str) -> str:
    return _RESERVED.sub(r"\\\1", text)


def _content(network: Network, message: OrganisationPost, tools: Tools) -> tuple[dict[str, Any], str]:
    """Pictures where there are any, else a card of the link; and a remark about pictures that could not be had."""
    pictures, remark = fetched(message.images, Limits(side=2048), tools)
    shown_ones = []
    for image, picture in pictures:
        asked = {"initializeUploadRequest": {"owner": message.author}}
        given = network.json("POST", f"{message.api}/rest/images?action=initializeUpload", body=asked)
        url = text_at(given, "value", "uploadUrl")
        network.call(
            "PUT",
            url,
            data=picture.data,
            content_type="application/octet-stream",
            headers=network.headers if within_linkedin(message.api, url) else (),
        )
        shown_ones.append({"id": text_at(given, "value", "image"), "altText": image.alt})
    if not shown_ones:
        return {"article": message.article}, remark
    if len(shown_ones) == 1:
        return {"media": shown_ones[0]}, remark
    return {"multiImage": {"images": shown_ones}}, remark


def within_linkedin(*urls: str) -> bool:
    """LinkedIn takes pictures at another server of its own than its API, and wants to see the access there too."""
    own = re.compile(r"https://[a-z0-9.-]+\.linkedin\.com:443")
    servers = [origin(url) for url in urls]
    return all(own.fullmatch(one) for one in servers) and len(set(servers)) > 1


def _body(message: OrganisationPost, content: dict[str, Any]) -> dict[str, Any]:
    return {
        "author": message.author,
        "commentary": message.commentary,
        "visibility": "PUBLIC",
        "distribution": {
            "feedDistribution": "MAIN_FEED",
            "targetEntities": [],
            "thirdPartyDistributionChannels": [],
        },
        "content": content,
        "lifecycleState": "PUBLISHED",
        "isReshareDisabledByAuthor": False,
    }


def _edit(network: Network, message: OrganisationPost) -> Receipt:
    answer = network.call(
        "POST",
        f"{message.api}/rest/posts/{quote(message.reference, safe='')}",
        body={"patch": {"$set": {"commentary": message.commentary}}},
        headers=(("x-restli-method", "PARTIAL_UPDATE"),),
        rules=_EDIT_GONE,
    )
    return _receipt(message.reference, answer.status, Reason.joined(message.remark, message.edited))


def _delete(network: Network, message: OrganisationPost) -> Receipt:
    if not message.reference:
        return Receipt(remark=Reason("It does not stand on LinkedIn, so there was nothing to delete."))
    answer = network.call(
        "DELETE",
        f"{message.api}/rest/posts/{quote(message.reference, safe='')}",
        headers=(("x-restli-method", "DELETE"),),
        rules=_ALREADY_GONE,
    )
    return Receipt(code=answer.status)


def _receipt(urn: str, code: int, remark: str) -> Receipt:
    return Receipt(urn[:1000], code=code, link=f"https://www.linkedin.com/feed/update/{urn}", remark=remark)


def _renewed(who: str, settings: LinkedInSettings, tools: Tools, now: datetime) -> Settings:
    """New tokens (linkedin/shared/authentication/programmatic-refresh-tokens). The refresh token keeps its own end."""
    assert settings.refresh_token is not None
    refresh = settings.refresh_token.get_secret_value()
    found = _granted(who, settings, tools, "accessToken", grant_type="refresh_token", refresh_token=refresh)
    if not text_at(found, "access_token"):
        raise Refused(_NOT_RENEWED, credentials=True)
    learned = {
        "expires_at": settings.expires_at,
        "refresh_token": refresh,
        "token_ends_at": None,
        **_tokens(found, now),
    }
    return LinkedInSettings.model_validate({**settings.plain(), **settings.secrets(), **learned})


def _tokens(found: Any, now: datetime) -> dict[str, Any]:
    """What an answer of the token endpoint holds, under the names of the settings."""
    ends, last = (text_at(found, name) for name in ("expires_in", "refresh_token_expires_in"))
    learned: dict[str, Any] = {"access_token": text_at(found, "access_token")}
    if text_at(found, "refresh_token"):
        learned["refresh_token"] = text_at(found, "refresh_token")
    if ends.isdigit():
        learned["token_ends_at"] = now + timedelta(seconds=int(ends))
    if last.isdigit():  # what a person must do something about is the end of the renewing
        learned["expires_at"] = now + timedelta(seconds=int(last))
    return learned


def _asked(who: str, settings: LinkedInSettings, tools: Tools) -> Settings:
    """When the access token ends (linkedin/shared/authentication/token-introspection)."""
    token = settings.access_token.get_secret_value()
    found = _granted(who, settings, tools, "introspectToken", token=token)
    if text_at(found, "active") != "True":
        raise Refused(_RAN_OUT, credentials=True)
    ends = text_at(found, "expires_at")
    moment = datetime.fromtimestamp(int(ends), UTC) if ends.isdigit() else None
    return settings.model_copy(update={"token_ends_at": moment, "expires_at": moment})


def _granted(who: str, settings: LinkedInSettings, tools: Tools, what: str, **form: str) -> Any:
    client = _client(settings)
    assert client is not None
    url = client.address("auth", _AUTH) + f"/oauth/v2/{what}"
    return oauth.asked(Network(who, TOKEN_RULES, tools), url, client, **form)


def _client(settings: LinkedInSettings) -> Client | None:
    """The app that the access was given to; None where it is not known."""
    secret = settings.client_secret.get_secret_value() if settings.client_secret else ""
    return oauth.client_of(_APP, settings.client_id, secret, {"auth": settings.auth})

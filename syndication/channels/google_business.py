"""Posts on a Google Business Profile (developers.google.com/my-business/reference/rest/v4/accounts.locations.localPosts)."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Literal
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr

from syndication import kinds
from syndication.channels import wording
from syndication.channels.by_http import Rule, json_of
from syndication.channels.connector import Beginning, Connector, Site
from syndication.channels.contract import Abilities, Channel, Limit
from syndication.channels.envelope import Envelope
from syndication.channels.preview import Preview, preview
from syndication.channels.settings import Account, Settings
from syndication.channels.social import oauth
from syndication.channels.social.counting import headline, utf16
from syndication.channels.social.pictured import left_out, missing, shown_at
from syndication.channels.social.requests import Network, text_at
from syndication.channels.social.settings import ExpiringSettings, Server
from syndication.channels.social.words import compose
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Receipt, Refused, TryLater, Unconfirmed
from syndication.content.base import Value
from syndication.content.post import Content, Image
from syndication.content.reason import Reason
from syndication.infra.http import Answer
from syndication.infra.rate_limits import Rate
from syndication.kinds.contract import Window

Topic = Literal["EVENT", "OFFER", "STANDARD"]

#: As the city's site shows the picture to Google.
_SIZE = "framed"
#: Characters of a text, of a title, and of a coupon code.
_MOST, _MOST_TITLE, _MOST_CODE = 1500, 58, 58
#: An access token is given up this long before it ends.
_SPARE = timedelta(minutes=2)
_NO_END = Reason("The offer names no end, which Google wants of one, so it was posted as plain news.")
_WHOLE_DAY = Reason(
    "No end of the event is stated, so Google shows the whole day; the hour stands in the text."
)
_NEXT_ONLY = Reason("Google shows only the next date of a repeated event.")
_NO_ALT = Reason("Google takes no alternative text for pictures.")
_UNKNOWN_APP = Reason("Google does not know the app. Please check client id and client secret.")

RULES: tuple[Rule, ...] = (
    Rule(401, "", "access", "Google no longer accepts our access. Please connect the profile again."),
    Rule(403, "SERVICE_DISABLED", "access", "Please switch on the Business Profile API in the Google project."),
    Rule(403, "SCOPE", "access", "The permission to manage the profile is missing. Please connect it again and agree."),
    Rule(403, "", "access", "Google does not let this account post for the location. Please check that it manages the profile."),
    Rule(404, "", "refused", "Google does not know this location. Please check the numbers of account and location."),
    Rule(429, "", "later", "Google takes no more requests for now. If this stays, the project lacks Google's approval."),
    Rule(400, "media", "refused", "Google cannot use the picture (JPEG or PNG, from 250 x 250 pixels, open to everybody)."),
    Rule(400, "schedule", "refused", "Google does not take the dates of this post."),
    Rule(400, "", "refused", "Google does not take this post as it is; its answer says why."),
)  # fmt: skip
TOKEN_RULES: tuple[Rule, ...] = (
    Rule(400, "invalid_grant", "access", "The access to Google has run out or was taken back. Please connect the profile again."),
    Rule(None, "invalid_client", "access", _UNKNOWN_APP),
    Rule(None, "unauthorized_client", "access", "The refresh token belongs to another app. Please connect the profile again."),
    Rule(400, "", "access", "Google does not accept what it was given for the access. Please connect the profile again."),
)  # fmt: skip
LOGIN_RULES: tuple[Rule, ...] = (
    Rule(None, "invalid_client", "refused", "Google does not know the operator's app. Please tell the operator."),
    Rule(400, "", "refused", "Google did not accept the login. Please begin once more."),
)  # fmt: skip
_APP, _API, _AUTH = "google", "https://mybusiness.googleapis.com", "https://oauth2.googleapis.com"
_SCOPE = "https://www.googleapis.com/auth/business.manage"
_NOT_LASTING = Reason(
    "Google gave no lasting access. Please remove our app under myaccount.google.com and try again."
)
_EDIT_GONE = (Rule(404, "", "refused", "The post no longer stands on Google: somebody deleted it there."),)
_ALREADY_GONE = (Rule(404, "", "fine"),)


class GoogleBusinessSettings(ExpiringSettings):
    """The location, by an app of Google Cloud and its leave to act for whoever manages the profile."""

    harmless: ClassVar[frozenset[str]] = ExpiringSettings.harmless | {"account", "location", "client_id"}

    account: str = Field(
        pattern=r"^\d{1,40}$", description="Number of the account (docs say how to find it)."
    )
    location: str = Field(pattern=r"^\d{1,40}$", description="Number of the location.")
    client_id: str = Field(
        min_length=1, max_length=300, description="Client ID of the app (Google Cloud, Clients)."
    )
    client_secret: SecretStr | None = Field(
        None, description="Client secret of the app; not needed where it is the city's own."
    )
    refresh_token: SecretStr = Field(description="Refresh token with the scope business.manage.")
    api: Server = Field(
        _API,
        description="Address of Google's API; change it only for a proxy.",
    )
    auth: Server = Field(
        _AUTH,
        description="Where access tokens are made; change it only for a proxy.",
    )

    @property
    def parent(self) -> str:
        """The location as Google names it."""
        return f"accounts/{self.account}/locations/{self.location}"

    @property
    def speaks_as(self) -> Account | None:
        """The location."""
        return Account(self.parent, self.parent)


@dataclass(frozen=True)
class LocalPost:
    """What is to stand on the profile. `reference` is the post that is edited or deleted; `replaces`: it is deleted and
    made anew, since the kind of a post cannot be changed. `at` is the moment by which an access token is judged."""

    settings: GoogleBusinessSettings = field(repr=False)
    at: datetime
    delete: bool
    body: dict[str, Any]
    mask: tuple[str, ...]
    reference: str
    replaces: bool
    remark: str
    image: Image | None = None


class _Asked(Value):
    """What the owner says before they log in."""

    account: str = Field(pattern=r"^\d{1,40}$", description="Number of the Google account.")
    location: str = Field(pattern=r"^\d{1,40}$", description="Number of the location.")


class _Login(Connector):
    """developers.google.com/identity/protocols/oauth2/web-server; `offline` and `consent` bring a refresh token each time."""

    asks = _Asked
    app = _APP

    def begin(self, asked: Any, site: Site, tools: Tools) -> Beginning:
        address = site.app.address("login", "https://accounts.google.com") + "/o/oauth2/v2/auth"
        url = oauth.authorization_url(
            address, site.app, site.redirect, _SCOPE, access_type="offline", prompt="consent"
        )
        return Beginning(url, asked.model_dump())

    def finish(
        self, memo: Mapping[str, Any], code: str, site: Site, tools: Tools, now: datetime
    ) -> dict[str, Any]:
        network = Network(GoogleBusiness.label, LOGIN_RULES, tools)
        url = site.app.address("auth", _AUTH) + "/token"
        refresh = text_at(oauth.tokens(network, url, site.app, site.redirect, code), "refresh_token")
        if not refresh:
            raise Refused(_NOT_LASTING)
        return {
            **memo,
            "client_id": site.app.id,
            "refresh_token": refresh,
            # What was just given goes to Google, whatever address the outlet had before.
            "api": site.app.address("api", _API),
            "auth": site.app.address("auth", _AUTH),
        }


class GoogleBusiness(Channel[Envelope, LocalPost]):
    """Posts, edits and deletes events, offers and news of a Business Profile; Google fetches the picture itself."""

    kind = "google_business"
    label = "Google Business Profile"
    queue = "push"
    abilities = Abilities(
        revise=True,
        withdraw=True,
        repeatable=False,
        images=True,
        frame=_SIZE,
        least_side=250,
        length=_MOST,
        keeps_track=True,
    )
    settings = GoogleBusinessSettings
    connector = _Login()
    rehearsed = Answer(
        200,
        {},
        b'{"access_token": "session", "expires_in": 3600, "name": "accounts/1/locations/1/localPosts/1"}',
    )
    #: 10 edits a minute for each profile (developers.google.com/my-business/content/limits).
    limits = (Limit("destination", Rate(10, 60)),)
    tended_every = 86_400.0

    def render(self, envelope: Envelope) -> LocalPost:
        """The post as its kind wants it: events and offers with both ends, all else as plain news."""
        chosen, content, shown = envelope.settings, envelope.post.content, envelope.shown
        assert isinstance(chosen, GoogleBusinessSettings)
        composed = compose(envelope, self.kind, _MOST, count=utf16, link=False)
        window = _window(envelope, content)
        topic = topic_of(window)
        body: dict[str, Any] = {
            "topicType": topic,
            "languageCode": content.language,
            "summary": composed.text,
            **_ends(envelope, window),
        }
        if content.images:
            body["media"] = [{"mediaFormat": "PHOTO", "sourceUrl": shown_at(envelope, _SIZE)}]
        kept = {"topicType"} | ({"media"} if shown is not None and shown.images == content.images else set())
        return LocalPost(
            settings=chosen,
            at=envelope.tried_at,
            delete=envelope.action == "withdrawn",
            body=body,
            mask=tuple(name for name in (*body, *(() if content.images else ("media",))) if name not in kept),
            reference=envelope.reference or "",
            replaces=shown is not None and topic_of(_window(envelope, shown)) != topic,
            remark=Reason.joined(
                composed.remark,
                _said_of_ends(envelope, window),
                _NO_ALT if content.images else "",
                left_out(content.images, 1),
            ),
            image=content.images[0] if content.images else None,
        )

    def preview(self, envelope: Envelope) -> Preview:
        """The text, under the title that events and offers have there; plain news have none."""
        message = self.render(envelope)
        text = message.body["summary"]
        return preview(
            text,
            title=message.body.get("event", {}).get("title", ""),
            length=utf16(text),
            most=_MOST,
            images=envelope.post.content.images,
            shown=1,
            remark=message.remark,
        )

    def send(self, message: LocalPost, tools: Tools) -> Receipt:
        """With a token that is kept until it ends. Only the making of a post must not be repeated."""
        token, fresh = _token(self.label, message.settings, tools, message.at)
        access = (("authorization", f"Bearer {token}"),)
        network = Network(self.label, RULES, tools, access, message.settings.api)
        try:
            return _done(network, _with_picture(message, tools))
        except Refused as verdict:
            if verdict.code != 401 or fresh:
                raise
            tools.sessions.put(_place(message.settings), None)
            raise TryLater(
                Reason("Google ended the access before its time; it is renewed."), code=401
            ) from verdict

    def tend(self, settings: Settings, tools: Tools, now: datetime) -> Settings:
        """Makes a token and looks at the location with it, so that a lost access is noticed before a post needs it."""
        assert isinstance(settings, GoogleBusinessSettings)
        found = _granted(self.label, settings, tools)
        token, seconds = text_at(found, "access_token"), text_at(found, "refresh_token_expires_in")
        network = Network(self.label, RULES, tools, (("authorization", f"Bearer {token}"),), settings.api)
        network.json("GET", f"{settings.api}/v4/{settings.parent}/localPosts?pageSize=1", most_read=100_000)
        ends = now + timedelta(seconds=int(seconds)) if seconds.isdigit() and int(seconds) else None
        # Each look is some seconds off.
        ends = ends.replace(minute=0, second=0, microsecond=0) if ends else None
        return settings.model_copy(update={"expires_at": ends})


def topic_of(window: Window | None) -> Topic:
    """What a post is to Google. An offer without an end would be given one that nobody promised."""
    if window is None:
        return "STANDARD"
    return "EVENT" if window.nature == "happens" else "OFFER"


def _window(envelope: Envelope, content: Content) -> Window | None:
    return kinds.of(content).window(content, envelope.city.zone, envelope.tried_at)


def _ends(envelope: Envelope, window: Window | None) -> dict[str, Any]:
    """What goes with the text: dates and title, coupon, and where to click."""
    content, link, zone = envelope.post.content, envelope.post.link, envelope.city.zone
    click: dict[str, Any] = {"callToAction": {"actionType": "LEARN_MORE", "url": link}}
    if window is None:
        return click
    title = headline(wording.title(content, content.language), _MOST_TITLE, utf16)
    if topic_of(window) == "EVENT":
        return {"event": {"title": title, "schedule": _event_schedule(window, zone)}, **click}
    # Google's ends are inclusive; midnight belongs to the day before it.
    until = window.end.astimezone(zone)
    until = until - timedelta(minutes=1) if (until.hour, until.minute) == (0, 0) else until
    since = min(window.start or envelope.post.published_at, until.astimezone(UTC))
    code = _code(envelope)
    return {
        "event": {"title": title, "schedule": _schedule(since.astimezone(zone), until)},
        "offer": ({"couponCode": code} if code and len(code) <= _MOST_CODE else {})
        | {"redeemOnlineUrl": link},
    }


def _code(envelope: Envelope) -> str:
    """What is to be copied letter by letter; empty for nothing."""
    content = envelope.post.content
    facts = wording.facts(content, envelope.city.zone, content.language)
    return next((one.text for one in facts if one.verbatim), "")


def _event_schedule(window: Window, zone: ZoneInfo) -> dict[str, Any]:
    start, end = (window.start or window.end).astimezone(zone), window.end.astimezone(zone)
    if window.whole_days:
        return _schedule(start.replace(hour=0, minute=0), end.replace(hour=23, minute=59))
    return _schedule(start, end)


def _schedule(start: datetime, end: datetime) -> dict[str, Any]:
    """A TimeInterval on the location's own clock; all four fields are wanted."""
    return {
        "startDate": {"year": start.year, "month": start.month, "day": start.day},
        "startTime": {"hours": start.hour, "minutes": start.minute},
        "endDate": {"year": end.year, "month": end.month, "day": end.day},
        "endTime": {"hours": end.hour, "minutes": end.minute},
    }


def _said_of_ends(envelope: Envelope, window: Window | None) -> str:
    if window is None:
        return _NO_END
    if topic_of(window) == "EVENT":
        return Reason.joined(_WHOLE_DAY if window.unstated else "", _NEXT_ONLY if window.next_only else "")
    return (
        Reason("The coupon code is too long for Google's own field.")
        if len(_code(envelope)) > _MOST_CODE
        else ""
    )


def _with_picture(message: LocalPost, tools: Tools) -> LocalPost:
    """Without a picture that cannot be had: Google fetches it from us, and would refuse the whole post."""
    if message.image is None or message.delete or "media" not in message.mask:
        return message
    said = missing(message.image, _SIZE, tools)
    if not said:
        return message
    body = {name: value for name, value in message.body.items() if name != "media"}
    return replace(message, body=body, remark=Reason.joined(said, message.remark))


def _done(network: Network, message: LocalPost) -> Receipt:
    """Does what the message says."""
    api, name = message.settings.api, message.reference
    if message.delete and not name:
        return Receipt(remark=Reason("It does not stand on Google, so there was nothing to delete."))
    if message.delete or (name and message.replaces):
        answer = network.call("DELETE", f"{api}/v4/{name}", rules=_ALREADY_GONE)
        if message.delete:
            return Receipt(code=answer.status)
        name = ""
    if name:
        body = {one: message.body[one] for one in message.mask if one in message.body}
        url = f"{api}/v4/{name}?{urlencode({'updateMask': ','.join(message.mask)}, safe=',')}"
        answer = network.call("PATCH", url, body=body, rules=_EDIT_GONE)
        return _receipt(json_of(answer, network.name), message.remark, name)
    url = f"{api}/v4/{message.settings.parent}/localPosts"
    return _receipt(network.json("POST", url, body=message.body, repeatable=False), message.remark)


def _receipt(found: Any, remark: str, name: str = "") -> Receipt:
    if text_at(found, "state") == "REJECTED":
        raise Refused(
            Reason("Google rejected the post by its rules for content (such as a phone number in the text).")
        )
    name = text_at(found, "name") or name
    if not name:
        raise Unconfirmed(Reason("Google answered without the name of the post. Please look there."))
    return Receipt(name[:1000], code=200, link=text_at(found, "searchUrl") or None, remark=remark)


def _place(settings: GoogleBusinessSettings) -> str:
    """Where this process keeps the token: of the same leave, whatever location it is for."""
    said = settings.client_id + " " + settings.refresh_token.get_secret_value()
    return "google access " + hashlib.sha256(said.encode()).hexdigest()


def _token(who: str, settings: GoogleBusinessSettings, tools: Tools, now: datetime) -> tuple[str, bool]:
    """An access token, and whether it was made just now."""
    kept, ends = tools.sessions.get(_place(settings)) or ("", now)
    if kept and now < ends:
        return kept, False
    found = _granted(who, settings, tools)
    token, seconds = text_at(found, "access_token"), text_at(found, "expires_in")
    lasts = timedelta(seconds=int(seconds)) if seconds.isdigit() else timedelta(0)
    tools.sessions.put(_place(settings), (token, now + lasts - _SPARE))
    return token, True


def _granted(who: str, settings: GoogleBusinessSettings, tools: Tools) -> Any:
    """What Google gives for the refresh token (RFC 6749 section 6)."""
    secret = settings.client_secret.get_secret_value() if settings.client_secret else ""
    client = oauth.client_of(_APP, settings.client_id, secret, {"auth": settings.auth})
    if client is None:
        raise Refused(_UNKNOWN_APP, credentials=True)
    found = oauth.asked(
        Network(who, TOKEN_RULES, tools),
        client.address("auth", _AUTH) + "/token",
        client,
        grant_type="refresh_token",
        refresh_token=settings.refresh_token.get_secret_value(),
    )
    if not text_at(found, "access_token"):
        raise TryLater(Reason("Google answered without an access token."))
    return found

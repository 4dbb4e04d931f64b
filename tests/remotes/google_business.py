"""Google Business Profile as developers.google.com describes it: my-business/reference/rest/v4/accounts.locations.localPosts
(LocalPost, LocalPostEvent, TimeInterval, LocalPostOffer; create, patch, delete, list), my-business/content/posts-data, and
identity/protocols/oauth2/web-server (redirecting, exchanging a code, refreshing an access token); errors after
cloud.google.com/apis/design/errors."""

import json
from datetime import datetime
from typing import Any

from syndication.stack.receiver import Reply, Request
from tests.remotes.login import Logins, fields_of
from tests.remotes.remote import OPEN, Problem, Remote, body_of, query_of, reply, route

_PARENT = "accounts/111/locations/222"
_FIELDS = {"topicType", "languageCode", "summary", "callToAction", "event", "offer", "media"}


def error(status: int, code: str, message: str = "…", **detail: Any) -> Reply:
    """An error in Google's form and spacing."""
    body = {
        "error": {"code": status, "message": message, "status": code, "details": [detail] if detail else []}
    }
    return Reply(
        status, {"Content-Type": "application/json; charset=UTF-8"}, json.dumps(body, indent=2).encode()
    )


class Invalid(Problem):
    """Raised by a handler to answer that a field is wrong."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(400)
        fault = {"code": 3, "field": name, "message": message}
        self.reply = error(
            400,
            "INVALID_ARGUMENT",
            "Request contains an invalid argument.",
            **{"@type": "type.googleapis.com/google.mybusiness.v4.ValidationError", "errorDetails": [fault]},
        )


class FakeGoogleBusiness(Remote):
    """One location, and the place where tokens are made."""

    posting = r"POST .*/localPosts"

    def __init__(self) -> None:
        super().__init__()
        self.posts: dict[str, dict[str, Any]] = {}
        self.state = "LIVE"
        self.granted: dict[str, Any] = {
            "expires_in": 3599,
            "scope": "business.manage",
            "token_type": "Bearer",
        }
        self.logins = Logins({}, "https://www.googleapis.com/auth/business.manage")
        self.tokens = 0
        self.usable = True
        self._number = 3_000

    @property
    def copies(self) -> int:
        return len(self.posts)

    @route("GET /o/oauth2/v2/auth")
    def authorize(self, request: Request) -> Reply:
        if (query_of(request).get("access_type"), query_of(request).get("prompt")) != ("offline", "consent"):
            raise Problem(400, {"error": "without them there is no refresh token the second time"})
        return self.logins.authorize(request)

    @route("POST /token")
    def token(self, request: Request) -> Reply:
        form = fields_of(request)
        if form.get("grant_type") == "authorization_code":
            self.logins.redeem(form)
            self.tokens += 1
            return reply(
                {"access_token": f"ya29.{self.tokens}", "refresh_token": "1//refresh", **self.granted}
            )
        if form.get("grant_type") != "refresh_token":
            raise Problem(400, {"error": "unsupported_grant_type"})
        if (form.get("client_id"), form.get("client_secret")) != ("app.apps.example", "GOCSPX-client"):
            raise Problem(401, {"error": "invalid_client", "error_description": "Unauthorized"})
        if form.get("refresh_token") != "1//refresh":
            raise Problem(
                400, {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}
            )
        self.tokens += 1
        return reply({"access_token": f"ya29.{self.tokens}", **self.granted})

    def _signed_in(self, request: Request) -> None:
        if request.headers.get("authorization") != f"Bearer ya29.{self.tokens}":
            raise Problem(401, {"error": {"code": 401, "status": "UNAUTHENTICATED"}})

    @route(f"GET /v4/{_PARENT}/localPosts")
    def listed(self, request: Request) -> Reply:
        self._signed_in(request)
        return reply({"localPosts": list(self.posts.values())[: int(query_of(request)["pageSize"])]})

    @route(f"POST /v4/{_PARENT}/localPosts")
    def create(self, request: Request) -> Reply:
        self._signed_in(request)
        post = body_of(request)
        _check(post, self.usable)
        self._number += 1
        name = f"{_PARENT}/localPosts/{self._number}"
        self.posts[name] = {
            **post,
            "name": name,
            "state": self.state,
            "searchUrl": f"https://local.google.com/place?id=222&use=posts&lpsid={self._number}",
        }
        return reply(self.posts[name])

    @route(rf"PATCH /v4/({_PARENT}/localPosts/\d+)")
    def patch(self, request: Request, name: str) -> Reply:
        self._signed_in(request)
        self._standing(name)
        mask, body = query_of(request).get("updateMask", "").split(","), body_of(request)
        if set(mask) - _FIELDS or "topicType" in mask:
            raise Invalid("update_mask", "Invalid field mask")
        if set(body) - set(mask):
            raise Invalid("local_post", "fields outside of the mask")
        after = {key: value for key, value in self.posts[name].items() if key not in mask} | body
        _check({key: value for key, value in after.items() if key in _FIELDS}, self.usable)
        self.posts[name] = after
        return reply(after)

    @route(rf"DELETE /v4/({_PARENT}/localPosts/\d+)")
    def delete(self, request: Request, name: str) -> Reply:
        self._signed_in(request)
        self._standing(name)
        del self.posts[name]
        return reply({})

    def _standing(self, name: str) -> None:
        if name not in self.posts:
            raise Problem(404, {"error": {"code": 404, "status": "NOT_FOUND", "message": "not found"}})


def _check(post: dict[str, Any], usable: bool) -> None:
    if unknown := set(post) - _FIELDS:
        raise Invalid(str(sorted(unknown)), "Unknown name")
    topic = post.get("topicType")
    if topic not in ("STANDARD", "EVENT", "OFFER"):
        raise Invalid("topic_type", "Unknown topic type")
    if not 0 < len(post["summary"].encode("utf-16-le")) / 2 <= 1500:
        raise Invalid("summary", "The summary is empty or too long")
    if ("event" in post) != (topic != "STANDARD") or ("offer" in post) != (topic == "OFFER"):
        raise Invalid("topic_type", "event goes with EVENT and OFFER, offer with OFFER")
    if "event" in post:
        _check_event(post["event"])
    if set(post.get("offer", {})) - {"couponCode", "redeemOnlineUrl", "termsConditions"}:
        raise Invalid("offer", "Unknown name")
    if len(post.get("offer", {}).get("couponCode", "")) > 58:
        raise Invalid("offer.coupon_code", "too long")
    click = post.get("callToAction")
    if click and (click["actionType"] != "LEARN_MORE" or not click["url"].startswith(OPEN)):
        raise Invalid("call_to_action.url", "Invalid URL")
    for one in post.get("media", []):
        if set(one) != {"mediaFormat", "sourceUrl"} or one["mediaFormat"] != "PHOTO":
            raise Invalid("media[0]", "sourceUrl is the only supported data field")
        if not usable or not one["sourceUrl"].startswith(OPEN):
            raise Invalid("media[0].source_url", "Fetching image failed.")


def _check_event(event: dict[str, Any]) -> None:
    if not 0 < len(event["title"].encode("utf-16-le")) / 2 <= 58:
        raise Invalid("event.title", "too long")
    schedule = event["schedule"]
    if set(schedule) != {"startDate", "startTime", "endDate", "endTime"}:
        raise Invalid("event.schedule", "It must contain all fields to be valid")
    if moment(schedule, "start") > moment(schedule, "end"):
        raise Invalid("event.schedule", "ends before it starts")


def moment(schedule: dict[str, Any], end: str) -> datetime:
    """One end of a schedule, on the wall clock."""
    date, time = schedule[f"{end}Date"], schedule[f"{end}Time"]
    return datetime(date["year"], date["month"], date["day"], time.get("hours", 0), time.get("minutes", 0))

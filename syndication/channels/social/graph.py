"""Meta's Graph API as Facebook and Instagram share it: access, error codes, rate limits, and when an access expires.

Errors after developers.facebook.com/docs/graph-api/guides/error-handling, rates after docs/graph-api/overview/rate-limiting.
"""

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import quote, urlencode

from pydantic import Field, SecretStr

from syndication.channels import by_http
from syndication.channels.by_http import Rule, json_of, shown, verdict_for
from syndication.channels.social.requests import Network, text_at
from syndication.channels.social.settings import ExpiringSettings, Server
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Refused, TryLater, Unconfirmed, Verdict
from syndication.content.reason import Reason
from syndication.infra.http import Answer

#: Released on 18 February 2026, works until 29 July 2028 (docs/graph-api/changelog/versions).
VERSION = "v25.0"
GRAPH = "https://graph.facebook.com"


@dataclass(frozen=True)
class Row:
    """One row of a table of errors. `code` is one or the first and last of many; no `subcodes` are all of them.

    `says` is looked for in the error's message, whatever its case. `unsure`: to be tried again, but a request that posts
    may have posted. `soon`: later, and only this one post. `fine`: what was asked for is already so. The first row that
    fits counts; `{who}` is the network.
    """

    code: int | tuple[int, int]
    verdict: Literal["later", "soon", "unsure", "refused", "access", "fine"]
    reason: str = ""
    subcodes: tuple[int, ...] = ()
    says: str = ""

    def fits(self, fault: "Fault") -> bool:
        """Whether the error is what this row describes."""
        first, last = self.code if isinstance(self.code, tuple) else (self.code, self.code)
        return (
            first <= fault.code <= last
            and (not self.subcodes or fault.subcode in self.subcodes)
            and self.says.lower() in fault.message.lower()
        )


_ACCESS_ENDED = Reason("{} no longer accepts our access. Please connect the account again.")
_NOT_ALLOWED = Reason(
    "{} does not allow us to do this. Please connect the account again and agree to everything asked."
)
#: What both networks answer (docs/graph-api/guides/error-handling; rate limits also docs/graph-api/overview/rate-limiting).
ROWS: tuple[Row, ...] = (
    Row(190, "access", "{} says that the app was removed from the account. Please connect it again.", (458,)),
    Row(190, "access", "{} wants you to log in there and solve a security check. Then connect the account again.", (459, 464)),
    Row(190, "access", "The password of the account was changed, so the access to {} ended. Please connect it again.", (460,)),
    Row(190, "access", "The access to {} has run out. Please connect the account again.", (463,)),
    Row(190, "access", "Whoever connected {} no longer manages that page. Please let somebody connect it who does.", (492,)),
    Row(190, "access", _ACCESS_ENDED),
    Row(102, "access", _ACCESS_ENDED),
    Row(3, "access", "The app that is used for {} must not do this. Please check its permissions, then connect it again."),
    Row(10, "access", _NOT_ALLOWED),
    Row((200, 299), "access", _NOT_ALLOWED),
    Row(4, "later", "Too many requests of the app for now, says {}."),
    Row(17, "later", "Too many requests of this account for now, says {}."),
    Row(32, "later", "Too many requests of this page for now, says {}."),
    Row(613, "later", "Too many requests for now, says {}."),
    Row((80000, 80014), "later", "Too many requests for now, says {}."),
    Row(341, "later", "Too many requests of the app for now, says {}."),
    Row(368, "later", "{} has blocked posting by this account for a while. Log in there to see why."),
    Row(506, "refused", "{} says that the same text was posted just before. Please look there."),
    Row(2635, "refused", "This service speaks a version of {} that is no longer served. Please tell the operator."),
    Row(1, "unsure", "{} has trouble of its own."),
    Row(2, "unsure", "{} has trouble of its own."),
    Row(100, "access", "{} does not accept the app secret. Please enter it again, from the same app.", says="appsecret_proof"),
    Row(100, "refused", "{} does not take this post as it is; its answer says why."),
)  # fmt: skip
#: The subcode of 100 by which Meta says that something is not there, or not for us.
MISSING = 33
#: Seconds after which it is worth looking again at what is being worked on.
SOON = 30.0
_ASKED_FOR_LESS = {4, 17, 32, 341, 613}


class GraphSettings(ExpiringSettings):
    """An access to Meta's Graph API."""

    access_token: SecretStr = Field(description="Long-lived page access token (docs say how to get one).")
    app_secret: SecretStr | None = Field(
        None, description="App secret, where the app demands proofs (Settings, Advanced, Require App Secret)."
    )
    api: Server = Field(GRAPH, description="Address of Meta's API; change it only for a proxy.")


@dataclass(frozen=True)
class Access:
    """Where and as whom requests are made; nothing of it is ever shown."""

    api: str
    token: str = field(repr=False)
    proof: str = field(repr=False)

    @classmethod
    def of(cls, settings: GraphSettings) -> "Access":
        """The access that settings describe, with the proof of the app secret where there is one."""
        token = settings.access_token.get_secret_value()
        secret = settings.app_secret.get_secret_value() if settings.app_secret else ""
        proof = hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest() if secret else ""
        return cls(settings.api, token, proof)


@dataclass(frozen=True)
class Fault:
    """The error object of an answer."""

    code: int
    subcode: int
    message: str


class _AnyFault(Rule):
    """Lets every answer through that holds an error object: its code is looked at here, where the headers are at hand."""

    def fits(self, answer: Answer) -> bool:
        """Whether it does."""
        return fault_of(answer) is not None


@dataclass(frozen=True)
class Graph:
    """Speaks with the Graph API on behalf of one send; `rows` of the network go before the common ones."""

    name: str
    access: Access
    tools: Tools
    rows: tuple[Row, ...] = ()

    def call(
        self, method: str, path: str, *, rows: Sequence[Row] = (), repeatable: bool = True, **named: Any
    ) -> Answer:
        """One request to /{version}/{path}; its answer where that is good, or `fine` by `rows`. Raises the Verdict."""
        url = f"{self.access.api}/{VERSION}/{path}"
        if self.access.proof:
            url += ("&" if "?" in url else "?") + urlencode({"appsecret_proof": self.access.proof})
        # A token in a header is in nobody's access log.
        access = (("authorization", f"Bearer {self.access.token}"),)
        network = Network(self.name, (), self.tools, access, self.access.api)
        answer = network.call(
            method, url, repeatable=repeatable, rules=(_AnyFault(None, "", "fine"),), **named
        )
        fault = fault_of(answer)
        if fault is None:
            return answer
        row = next((row for row in (*rows, *self.rows, *ROWS) if row.fits(fault)), None)
        if row is not None and row.verdict == "fine":
            return answer
        raise self._verdict(answer, fault, row, repeatable)

    def json(self, method: str, path: str, *, repeatable: bool = True, **named: Any) -> Any:
        """The JSON of a good answer."""
        answer = self.call(method, path, repeatable=repeatable, **named)
        return json_of(answer, self.name, repeatable=repeatable)

    def get(self, path: str, fields: str, *, limit: int | None = None, since: str = "", **named: Any) -> Any:
        """Fields of an object, or of at most `limit` objects, none older than `since` (Unix seconds)."""
        given = {"fields": fields, "limit": str(limit or ""), "since": since}
        asked = {name: value for name, value in given.items() if value}
        return self.json("GET", f"{path}?{urlencode(asked, safe=',')}", **named)

    def stands(self, object_id: str) -> bool:
        """Whether something is still there."""
        missing = Row(100, "fine", subcodes=(MISSING,))
        found = self.get(quote(object_id, safe=""), "id", rows=(missing,))
        return bool(text_at(found, "id"))

    def _verdict(self, answer: Answer, fault: Fault, row: Row | None, repeatable: bool) -> Verdict:
        code, said = answer.status, shown(answer).replace(self.access.token, "…")
        reason = Reason(row.reason, self.name) if row else Reason()
        verdict = row.verdict if row else ""
        if not repeatable and (verdict == "unsure" or (row is None and code >= 500)):
            return Unconfirmed(
                Reason.joined(
                    reason or Reason("{} answered {}.", self.name, code),
                    Reason("Whether it was posted is not known."),
                ),
                code=code,
                answer=said,
            )
        if verdict == "soon":
            return TryLater(reason, after=SOON, outlet=False, code=code, answer=said)
        if verdict in ("later", "unsure"):
            slow = fault.code in _ASKED_FOR_LESS or fault.code >= 80000
            return TryLater(reason, after=regained(answer), slow=slow, code=code, answer=said)
        if row is not None:
            return Refused(reason, credentials=verdict == "access", code=code, answer=said)
        unknown = verdict_for(answer, gone=frozenset(), now=by_http.message_date(answer), who=self.name)
        unknown.answer = said
        return unknown


def fault_of(answer: Answer) -> Fault | None:
    """The error an answer holds, or None."""
    try:
        error = json.loads(answer.body)["error"]
        code, subcode = error.get("code", 0), error.get("error_subcode", 0)
        return Fault(int(code or 0), int(subcode or 0), str(error.get("message", "")))
    except (ValueError, LookupError, TypeError, AttributeError):
        return None


def regained(answer: Answer) -> float | None:
    """Seconds until requests are taken again: X-Business-Use-Case-Usage says it in minutes, Retry-After in seconds."""
    longest = 0.0
    try:
        usage = json.loads(answer.headers.get("x-business-use-case-usage", "{}"))
        for rows in usage.values():
            for one in rows:
                longest = max(longest, 60.0 * float(one.get("estimated_time_to_regain_access", 0)))
    except (ValueError, TypeError, AttributeError):
        longest = 0.0
    return longest or by_http.retry_after(answer, by_http.message_date(answer))


def access_end(graph: Graph) -> datetime | None:
    """When the access ends, or Meta's leave to use what it opens (GET /debug_token); None where neither does."""
    asked = urlencode({"input_token": graph.access.token})
    # Meta tells only some apps; then nothing is known.
    found = graph.json("GET", f"debug_token?{asked}", rows=(Row(100, "fine"),))
    if text_at(found, "data", "is_valid") == "False":
        raise Refused(Reason(_ACCESS_ENDED, graph.name), credentials=True)
    ends = [text_at(found, "data", name) for name in ("expires_at", "data_access_expires_at")]
    moments = [datetime.fromtimestamp(int(one), UTC) for one in ends if one.isdigit() and int(one)]
    return min(moments, default=None)

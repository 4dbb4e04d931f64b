"""Who may ask what: one table of every route and its rule. A route without one keeps the service from starting."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

Needs = Literal["nothing", "a token", "a key", "a session"]


@dataclass(frozen=True)
class Rule:
    """What a request must bring, and what whoever brings it must be allowed.

    `scope`: that of a key, empty for any. `city`: the role of a person for the city. `merchant`: their role for the merchant
    whose slug stands in the address. `theirs`: for the merchant's own people alone, and for nobody who acts in its name.
    """

    needs: Needs
    scope: str = ""
    city: Literal["", "viewer", "editor", "operator"] = ""
    merchant: Literal["", "member", "owner"] = ""
    theirs: bool = False


ANYBODY = Rule("nothing")
#: The token in the address is the secret: whoever has it may do what it is for.
TOKEN = Rule("a token")
KEY = Rule("a key")
SIGNED_IN = Rule("a session")
MEMBER = Rule("a session", merchant="member")
OWNER = Rule("a session", merchant="owner")
#: What lets somebody in, or is a secret: nobody changes it in a merchant's name.
THEIRS = Rule("a session", merchant="owner", theirs=True)
VIEWER = Rule("a session", city="viewer")
EDITOR = Rule("a session", city="editor")
OPERATOR = Rule("a session", city="operator")


def _key(scope: str) -> Rule:
    return Rule("a key", scope=scope)


_V1 = "/api/v1"
#: Method and path → rule. HEAD is ruled as GET is.
TABLE: Mapping[tuple[str, str], Rule] = {
    ("GET", f"{_V1}/openapi.json"): ANYBODY,
    ("GET", "/feeds/{path:path}"): ANYBODY,
    ("POST", f"{_V1}/posts"): _key("posts:write"),
    ("GET", f"{_V1}/posts"): _key("posts:read"),
    ("GET", f"{_V1}/posts/{{post_id}}"): _key("posts:read"),
    ("PUT", f"{_V1}/posts/{{post_id}}"): _key("posts:write"),
    ("PATCH", f"{_V1}/posts/{{post_id}}"): _key("posts:write"),
    ("DELETE", f"{_V1}/posts/{{post_id}}"): _key("posts:write"),
    ("GET", f"{_V1}/posts/{{post_id}}/deliveries"): _key("deliveries:read"),
    ("POST", f"{_V1}/series"): _key("posts:write"),
    ("GET", f"{_V1}/series"): _key("posts:read"),
    ("GET", f"{_V1}/series/{{series_id}}"): _key("posts:read"),
    ("PATCH", f"{_V1}/series/{{series_id}}"): _key("posts:write"),
    ("POST", f"{_V1}/series/{{series_id}}/successor"): _key("posts:write"),
    ("POST", f"{_V1}/pictures"): _key("posts:write"),
    ("POST", f"{_V1}/prices/advice"): _key("posts:write"),
    ("GET", f"{_V1}/channels"): KEY,
    **{
        (method, f"{_V1}/destinations{rest}"): _key(f"destinations:{what}")
        for method, rest, what in (
            ("POST", "", "write"),
            ("GET", "", "read"),
            ("POST", "/connect", "write"),
            ("GET", "/links", "read"),
            ("DELETE", "/links/{link_id}", "write"),
            ("GET", "/{destination_id:uuid}", "read"),
            ("PATCH", "/{destination_id:uuid}", "write"),
            ("DELETE", "/{destination_id:uuid}", "write"),
            *(
                ("POST", f"/{{destination_id:uuid}}/{act}", "write")
                for act in (
                    "connect",
                    "pause",
                    "resume",
                    "rotate-secret",
                    "test",
                    "replay",
                    "retry",
                    "dry-run",
                )
            ),
        )
    },
    ("GET", f"{_V1}/deliveries"): _key("deliveries:read"),
    ("GET", f"{_V1}/deliveries/{{delivery_id}}"): _key("deliveries:read"),
    ("POST", f"{_V1}/deliveries/{{delivery_id}}/replay"): _key("destinations:write"),
    ("POST", f"{_V1}/deliveries/{{delivery_id}}/retry"): _key("destinations:write"),
    ("POST", f"{_V1}/merchants"): _key("operator"),
    ("GET", f"{_V1}/merchants"): _key("operator"),
    ("GET", f"{_V1}/merchants/{{slug}}"): KEY,
    ("PATCH", f"{_V1}/merchants/{{slug}}"): _key("operator"),
    ("POST", f"{_V1}/merchants/{{slug}}/admit"): _key("operator"),
    ("POST", f"{_V1}/merchants/{{slug}}/suspend"): _key("operator"),
    ("POST", f"{_V1}/merchants/{{slug}}/keys"): _key("operator"),
    ("POST", f"{_V1}/keys"): _key("operator"),
    ("GET", f"{_V1}/keys"): _key("operator"),
    ("DELETE", f"{_V1}/keys/{{key_id}}"): _key("operator"),
    ("GET", f"{_V1}/log"): _key("operator"),
    ("POST", f"{_V1}/readers"): ANYBODY,
    ("POST", f"{_V1}/readers/{{token}}/confirm"): TOKEN,
    ("GET", f"{_V1}/readers/{{token}}"): TOKEN,
    ("PUT", f"{_V1}/readers/{{token}}"): TOKEN,
    ("DELETE", f"{_V1}/readers/{{token}}"): TOKEN,
    ("POST", f"{_V1}/readers/{{token}}/leave"): TOKEN,
    ("GET", f"{_V1}/readers/{{token}}/export"): TOKEN,
    **{
        ("GET", path): ANYBODY
        for path in (
            "/",
            "/healthz",
            "/readyz",
            "/metrics",
            "/style.css",
            "/notices-page.js",
            "/notices.js",
            "/passkeys.js",
            "/desk.js",
            "/htmx.js",
            "/manifest.webmanifest",
            "/notices",
            "/pictures/{picture_id}.jpg",
            "/merchants/{slug}/logo-{digest}.jpg",
            "/posts/{post_id}",
            "/posts/{post_id}/pictures/{number}-{size}.jpg",
            "/connect/done/{kind}",
            "/sign-in",
            "/sign-up",
            "/sign-up/asked",
            "/apply",
            "/apply/asked",
            "/posts",
            "/posts/{post_id}/report",
            "/reported",
            "/imprint",
            "/privacy",
            "/accessibility",
            "/look-{digest}.css",
            "/look/logo-{digest}.png",
        )
    },
    ("POST", "/sign-up"): ANYBODY,
    ("POST", "/apply"): ANYBODY,
    ("POST", "/posts/{post_id}/report"): ANYBODY,
    ("POST", "/sign-in"): ANYBODY,
    ("POST", "/sign-in/passkey/ask"): ANYBODY,
    ("POST", "/sign-in/passkey"): ANYBODY,
    ("POST", "/notices"): TOKEN,
    ("POST", "/notices/state"): TOKEN,
    ("POST", "/notices/off"): TOKEN,
    ("GET", "/connect/back"): TOKEN,
    **{
        (method, f"/{page}/{{token}}"): TOKEN
        for page in ("connect", "confirm", "preferences", "leave", "sign-in", "apply")
        for method in ("GET", "POST")
    },
    ("GET", "/desk"): SIGNED_IN,
    ("POST", "/desk/sign-out"): SIGNED_IN,
    ("GET", "/desk/account"): SIGNED_IN,
    ("POST", "/desk/account"): SIGNED_IN,
    ("POST", "/desk/account/sessions/others"): SIGNED_IN,
    ("POST", "/desk/account/sessions/{session_id}"): SIGNED_IN,
    ("POST", "/desk/account/passkeys/ask"): SIGNED_IN,
    ("POST", "/desk/account/passkeys"): SIGNED_IN,
    ("POST", "/desk/account/passkeys/{passkey_id}"): SIGNED_IN,
    ("GET", "/desk/merchants/{slug}"): MEMBER,
    **{
        (method, f"/desk/merchants/{{slug}}{rest}"): MEMBER
        for method, rest in (
            ("GET", "/new/{kind}"),
            ("GET", "/posts/{post_id}"),
            ("GET", "/posts/{post_id}/went"),
            ("GET", "/posts/{post_id}/write"),
            ("POST", "/posts/{post_id}/write"),
            ("POST", "/posts/{post_id}/discard"),
            ("POST", "/posts/{post_id}/again"),
            ("GET", "/posts/{post_id}/check"),
            ("POST", "/posts/{post_id}/check"),
            ("GET", "/posts/{post_id}/weekly"),
            ("POST", "/posts/{post_id}/weekly"),
            ("GET", "/weekly/{weekly_id}"),
            ("POST", "/weekly/{weekly_id}/dates/{on}/{act}"),
            ("GET", "/weekly/{weekly_id}/check"),
            ("POST", "/weekly/{weekly_id}/check"),
            ("POST", "/weekly/{weekly_id}/{act}"),
            ("GET", "/posts/{post_id}/acts/{act}"),
            ("POST", "/posts/{post_id}/acts/{act}"),
            ("POST", "/deliveries/{delivery_id}/{act}"),
            ("GET", "/files"),
            ("POST", "/files"),
            ("GET", "/files/examples/{name}"),
            ("GET", "/files/{file_id}"),
            ("GET", "/files/{file_id}/went"),
            ("GET", "/files/{file_id}/left-out.csv"),
            ("POST", "/files/{file_id}"),
            ("POST", "/files/{file_id}/discard"),
        )
    },
    ("GET", "/desk/merchants/{slug}/outlets"): MEMBER,
    ("POST", "/desk/merchants/{slug}/outlets"): THEIRS,
    ("GET", "/desk/merchants/{slug}/outlets/{outlet_id}"): MEMBER,
    ("POST", "/desk/merchants/{slug}/outlets/{outlet_id}/test"): MEMBER,
    ("POST", "/desk/merchants/{slug}/outlets/{outlet_id}/rhythm"): OWNER,
    ("POST", "/desk/merchants/{slug}/outlets/{outlet_id}/interest"): OWNER,
    ("POST", "/desk/merchants/{slug}/outlets/{outlet_id}/secret"): THEIRS,
    ("POST", "/desk/merchants/{slug}/outlets/{outlet_id}/{act}"): OWNER,
    ("GET", "/desk/merchants/{slug}/keys"): THEIRS,
    ("POST", "/desk/merchants/{slug}/keys"): THEIRS,
    ("POST", "/desk/merchants/{slug}/keys/{key_id}"): THEIRS,
    ("GET", "/desk/merchants/{slug}/business"): OWNER,
    ("POST", "/desk/merchants/{slug}/business"): OWNER,
    ("GET", "/desk/merchants/{slug}/results"): MEMBER,
    ("GET", "/desk/merchants/{slug}/team"): MEMBER,
    ("POST", "/desk/merchants/{slug}/team"): THEIRS,
    ("POST", "/desk/merchants/{slug}/team/{person_id}"): THEIRS,
    ("GET", "/desk/city/applications"): OPERATOR,
    ("GET", "/desk/city/applications/{application_id}"): OPERATOR,
    ("POST", "/desk/city/applications/{application_id}"): OPERATOR,
    ("GET", "/desk/city/applications/{application_id}/proof"): OPERATOR,
    ("GET", "/desk/city"): VIEWER,
    ("GET", "/desk/city/now"): VIEWER,
    ("GET", "/desk/city/trouble"): VIEWER,
    ("GET", "/desk/city/trouble/now"): VIEWER,
    ("GET", "/desk/city/alerts"): VIEWER,
    ("POST", "/desk/city/alerts"): OPERATOR,
    ("POST", "/desk/city/alerts/test"): OPERATOR,
    ("GET", "/desk/city/month"): VIEWER,
    ("GET", "/desk/city/month/{name}"): VIEWER,
    ("GET", "/desk/city/month/{name}.csv"): VIEWER,
    ("GET", "/desk/city/deliveries"): VIEWER,
    ("GET", "/desk/city/deliveries/{delivery_id}"): VIEWER,
    ("GET", "/desk/city/deliveries/{delivery_id}/now"): VIEWER,
    ("POST", "/desk/city/deliveries/{delivery_id}/{act}"): EDITOR,
    ("GET", "/desk/city/acts/new"): OPERATOR,
    ("POST", "/desk/city/acts"): OPERATOR,
    ("GET", "/desk/city/acts/{act_id}"): VIEWER,
    ("GET", "/desk/city/acts/{act_id}/now"): VIEWER,
    ("POST", "/desk/city/acts/{act_id}/{turn}"): OPERATOR,
    ("GET", "/desk/city/editions"): VIEWER,
    ("GET", "/desk/city/editions/{slot}"): VIEWER,
    ("GET", "/desk/city/editions/{slot}/mail"): VIEWER,
    ("POST", "/desk/city/editions/{slot}"): EDITOR,
    ("GET", "/desk/city/readers"): OPERATOR,
    ("POST", "/desk/city/readers"): OPERATOR,
    ("POST", "/desk/city/readers/imports"): OPERATOR,
    ("GET", "/desk/city/readers/imports/{import_id}"): OPERATOR,
    ("POST", "/desk/city/readers/imports/{import_id}"): OPERATOR,
    ("GET", "/desk/city/readers/{ref}"): OPERATOR,
    ("POST", "/desk/city/readers/{ref}"): OPERATOR,
    ("GET", "/desk/city/readers/{ref}/export"): OPERATOR,
    ("GET", "/desk/city/readers/{ref}/mail"): OPERATOR,
    ("GET", "/desk/city/posts"): VIEWER,
    ("GET", "/desk/city/posts/{post_id}"): VIEWER,
    ("GET", "/desk/city/posts/{post_id}/went"): VIEWER,
    ("GET", "/desk/city/posts/{post_id}/remove"): OPERATOR,
    ("POST", "/desk/city/posts/{post_id}/remove"): OPERATOR,
    ("GET", "/desk/city/reports"): OPERATOR,
    ("GET", "/desk/city/reports/{report_id}"): OPERATOR,
    ("POST", "/desk/city/reports/{report_id}"): OPERATOR,
    ("GET", "/desk/city/merchants"): VIEWER,
    ("GET", "/desk/city/merchants/{slug}"): VIEWER,
    ("POST", "/desk/city/merchants/{slug}/enter"): EDITOR,
    ("POST", "/desk/leave"): SIGNED_IN,
    ("POST", "/desk/city/merchants/{slug}/review"): OPERATOR,
    ("GET", "/desk/city/review"): OPERATOR,
    ("POST", "/desk/city/review"): OPERATOR,
    ("POST", "/desk/city/review/rules"): OPERATOR,
    ("GET", "/desk/city/review/{post_id}"): OPERATOR,
    ("POST", "/desk/city/review/{post_id}"): OPERATOR,
    ("POST", "/desk/city/merchants/{slug}/quota"): OPERATOR,
    ("POST", "/desk/city/merchants/{slug}/district"): OPERATOR,
    ("GET", "/desk/city/merchants/{slug}/suspend"): OPERATOR,
    ("POST", "/desk/city/merchants/{slug}/suspend"): OPERATOR,
    ("GET", "/desk/city/merchants/{slug}/admit"): OPERATOR,
    ("POST", "/desk/city/merchants/{slug}/admit"): OPERATOR,
    ("GET", "/desk/city/log"): VIEWER,
    ("GET", "/desk/city/log.csv"): VIEWER,
    ("GET", "/desk/city/team"): OPERATOR,
    ("POST", "/desk/city/team"): OPERATOR,
    ("POST", "/desk/city/team/{person_id}"): OPERATOR,
    ("GET", "/desk/city/keys"): OPERATOR,
    ("POST", "/desk/city/keys"): OPERATOR,
    ("POST", "/desk/city/keys/{key_id}"): OPERATOR,
    ("GET", "/desk/city/settings"): OPERATOR,
    ("GET", "/desk/city/look"): OPERATOR,
    ("POST", "/desk/city/look"): OPERATOR,
    ("GET", "/desk/city/look/preview"): OPERATOR,
    ("POST", "/desk/city/look/preview"): OPERATOR,
    ("GET", "/desk/city/outlets"): VIEWER,
    ("POST", "/desk/city/outlets"): OPERATOR,
    ("GET", "/desk/city/outlets/{outlet_id}"): VIEWER,
    ("POST", "/desk/city/outlets/{outlet_id}/test"): EDITOR,
    ("POST", "/desk/city/outlets/{outlet_id}/rhythm"): OPERATOR,
    ("POST", "/desk/city/outlets/{outlet_id}/interest"): OPERATOR,
    ("POST", "/desk/city/outlets/{outlet_id}/secret"): OPERATOR,
    ("POST", "/desk/city/outlets/{outlet_id}/{act}"): OPERATOR,
    ("GET", "/desk/city/districts"): VIEWER,
    ("GET", "/desk/city/districts/one"): VIEWER,
    ("POST", "/desk/city/districts/one"): OPERATOR,
    ("GET", "/desk/city/topics"): VIEWER,
    ("GET", "/desk/city/topics/{topic}"): VIEWER,
    ("POST", "/desk/city/topics/{topic}"): OPERATOR,
}  # fmt: skip -- one glance shows every route

#: The function that answers a route → its rule.
Rules = Mapping[Callable[..., Any], Rule]


def of(app: FastAPI) -> Rules:
    """The rule of everything that `app` answers. Raises RuntimeError that names the routes without one."""
    found: dict[Callable[..., Any], Rule] = {}
    lacking: list[str] = []
    for method, path, endpoint in routes(app):
        rule = TABLE.get((method, path))
        if rule is None:
            lacking.append(f"{method} {path}")
        else:
            found[endpoint] = rule
    if lacking:
        raise RuntimeError(f"web/rules.py says nothing about {', '.join(lacking)}")
    return found


def routes(app: FastAPI) -> Iterable[tuple[str, str, Callable[..., Any]]]:
    """Method, path and function of every route; HEAD, which goes where GET goes, aside."""
    for route in iter_route_contexts(app.routes):
        if route.endpoint is not None:
            for method in sorted(set(route.methods or ()) - {"HEAD"}):
                yield method, str(route.path), route.endpoint

"""Connects a Facebook page, or the Instagram account linked to it, through Facebook Login.

After developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow and, for an access to the page that does not
run out, docs/facebook-login/guides/access-tokens/get-long-lived and docs/pages-api/getting-started.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from pydantic import Field

from syndication.channels.by_http import Rule
from syndication.channels.connector import Beginning, Client, Connector, Site
from syndication.channels.social import oauth
from syndication.channels.social.graph import GRAPH, VERSION
from syndication.channels.social.requests import Network, text_at
from syndication.channels.tools import Tools
from syndication.channels.verdicts import Refused
from syndication.content.base import Value
from syndication.content.reason import Reason

_UNKNOWN_APP = Reason("{} does not know the operator's app. Please tell the operator.")
_AGAIN = Reason("{} did not accept the login. Please begin once more.")


class PageAsked(Value):
    """What the owner says before they log in."""

    page_id: str = Field(
        "", max_length=200, description="Name or number of your page; empty where you manage only one."
    )


class PageConnector(Connector):
    """One login for both networks; what is kept is the access to the page alone."""

    asks = PageAsked
    app = "meta"

    def __init__(self, name: str, scope: str, fields: str) -> None:
        self.name, self.scope, self.fields = name, scope, fields

    def settings_of(self, page: Any) -> dict[str, Any]:
        """The settings that name the outlet, from one page the login manages. Raises Refused."""
        return {"page_id": text_at(page, "id"), "name": text_at(page, "name")}

    def begin(self, asked: Any, site: Site, tools: Tools) -> Beginning:
        """The login dialog."""
        address = site.app.address("login", "https://www.facebook.com") + f"/{VERSION}/dialog/oauth"
        url = oauth.authorization_url(address, site.app, site.redirect, self.scope)
        return Beginning(url, asked.model_dump())

    def finish(
        self, memo: Mapping[str, Any], code: str, site: Site, tools: Tools, now: datetime
    ) -> dict[str, Any]:
        """A code becomes an access for hours, that one for months, and that the lasting access to the page."""
        short = self._token(site.app, tools, redirect_uri=site.redirect, code=code)
        long = self._token(site.app, tools, grant_type="fb_exchange_token", fb_exchange_token=short)
        asked = urlencode({"fields": self.fields, "limit": 100})
        network = self._network(tools, (("authorization", f"Bearer {long}"),), _api(site.app))
        found = network.json("GET", f"{_api(site.app)}/{VERSION}/me/accounts?{asked}")
        page = self._chosen(found.get("data", []) if isinstance(found, dict) else [], str(memo["page_id"]))
        # The app's secret proves that a request comes from the app; some apps demand it.
        learned = {"access_token": text_at(page, "access_token"), "app_secret": site.app.secret}
        return {**learned, "api": _api(site.app), **self.settings_of(page)}

    def _token(self, client: Client, tools: Tools, **query: str) -> str:
        asked = urlencode({"client_id": client.id, "client_secret": client.secret, **query})
        found = self._network(tools).json("GET", f"{_api(client)}/{VERSION}/oauth/access_token?{asked}")
        return text_at(found, "access_token")

    def _network(self, tools: Tools, access: tuple[tuple[str, str], ...] = (), home: str = "") -> Network:
        rules = (
            Rule(None, "client", "refused", Reason(_UNKNOWN_APP, self.name)),
            Rule(400, "", "refused", Reason(_AGAIN, self.name)),
        )
        return Network(self.name, rules, tools, access, home)

    def _chosen(self, pages: list[Any], wanted: str) -> Any:
        """The page that was meant."""
        fit = [
            one for one in pages if wanted.lower() in ("", text_at(one, "id"), text_at(one, "name").lower())
        ]
        if len(fit) == 1:
            return fit[0]
        names = ", ".join(f"{text_at(one, 'name')} ({text_at(one, 'id')})" for one in pages)
        if not pages:
            raise Refused(
                Reason(
                    "This login manages no page, or the page was not ticked on the way. Please begin once more."
                )
            )
        raise Refused(Reason("Please begin once more and say which page it is: {}.", names))


def _api(client: Client) -> str:
    return client.address("api", GRAPH)

"""Networks as the tests know them: each fake checks what the real one checks, and answers as it does, errors included."""

from tests.remotes.apprise import FakeApprise
from tests.remotes.bluesky import FakeBluesky
from tests.remotes.discord import FakeDiscord
from tests.remotes.facebook import FakeFacebook
from tests.remotes.google_business import FakeGoogleBusiness
from tests.remotes.hooks import FakeMattermost, FakeRocketChat, FakeTeams
from tests.remotes.instagram import FakeInstagram
from tests.remotes.linkedin import FakeLinkedIn
from tests.remotes.mastodon import FakeMastodon
from tests.remotes.matrix import FakeMatrix
from tests.remotes.ntfy import FakeNtfy
from tests.remotes.remote import Losing, Remote
from tests.remotes.slack import FakeSlack
from tests.remotes.telegram import FakeTelegram
from tests.remotes.webpush import FakeWebPush

__all__ = ["REMOTES", "Losing", "Remote"]

#: Kind → its fake.
REMOTES: dict[str, type[Remote]] = {
    "mastodon": FakeMastodon,
    "bluesky": FakeBluesky,
    "matrix": FakeMatrix,
    "telegram": FakeTelegram,
    "discord": FakeDiscord,
    "slack": FakeSlack,
    "mattermost": FakeMattermost,
    "rocketchat": FakeRocketChat,
    "teams": FakeTeams,
    "ntfy": FakeNtfy,
    "webpush": FakeWebPush,
    "apprise": FakeApprise,
    "facebook": FakeFacebook,
    "instagram": FakeInstagram,
    "google_business": FakeGoogleBusiness,
    "linkedin": FakeLinkedIn,
}

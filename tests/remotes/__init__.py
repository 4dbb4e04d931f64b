"""Networks as the tests know them: each fake checks what the real one checks, and answers as it does, errors included."""

from tests.remotes.bluesky import FakeBluesky
from tests.remotes.mastodon import FakeMastodon
from tests.remotes.matrix import FakeMatrix
from tests.remotes.remote import Remote

#: Kind → its fake.
REMOTES: dict[str, type[Remote]] = {
    "mastodon": FakeMastodon,
    "bluesky": FakeBluesky,
    "matrix": FakeMatrix,
}

"""What stands in a file, as sentences about it quote it: in the quotes of whoever reads them."""

from syndication.content.reason import Reason


def quoted(text: object) -> Reason:
    """The text in “quotes”, „so“ in German; what cannot be printed is shown as U+FFFD."""
    return Reason("“{}”", "".join(one if one.isprintable() else "\ufffd" for one in str(text)))

"""Mail addresses: one spelling for each, and which of them reach the same mailbox."""

import hashlib
import re
import unicodedata

from email_validator import EmailNotValidError, validate_email

from syndication.content.characters import control_characters
from syndication.errors import Invalid
from syndication.infra import mail_headers

#: Providers of free mailboxes that deliver whatever dots stand in the name, and the name they are counted under.
_DOTLESS = {"gmail.com": "gmail.com", "googlemail.com": "gmail.com"}


def spelled(text: str) -> str:
    """The one spelling of a mail address: small letters, the domain as people read it. Raises Invalid.

    RFC 5321 section 2.4 leaves it to the receiver whether capitals differ; no provider that people use lets them.
    """
    text = text.strip()
    if len(text) > 254 or control_characters(text) or re.search(r"[\s<>,;\"]", text):
        raise Invalid.field("email", "is not a mail address")
    try:
        found = validate_email(text, check_deliverability=False, allow_smtputf8=True)
        mail_headers.address(found.normalized)
    except (EmailNotValidError, mail_headers.Unfit) as error:
        raise Invalid.field("email", "is not a mail address") from error
    small = unicodedata.normalize("NFC", f"{found.local_part.lower()}@{found.domain.lower()}")
    if len(small) > 254:
        raise Invalid.field("email", "is not a mail address")
    return small


def key(address: str) -> str:
    """Equal for all addresses whose mail most likely arrives in one mailbox: 32 characters, made from a `spelled` one.

    Letters are counted by it and nothing else: what stands behind `+` is a tag (RFC 5233), and to count two people
    together who share no mailbox costs one of them some minutes.
    """
    local, _, domain = address.rpartition("@")
    domain = domain.lower()
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", local).casefold())
    bare = folded.partition("+")[0] or folded
    if domain in _DOTLESS:
        bare, domain = bare.replace(".", "") or bare, _DOTLESS[domain]
    return hashlib.sha256(f"{bare}@{domain}".encode()).hexdigest()[:32]

"""What readers see of a business beside its posts: hours, phone, contact, imprint, links, licences."""

import re
from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, EmailStr, Field

from syndication.content import opening_hours
from syndication.content.base import Line, Text, Value, WebAddress, unique
from syndication.content.bounds import Few
from syndication.content.licenses import License
from syndication.content.reason import Reason
from syndication.infra.mail_headers import Unfit, address

MOST_LINKS = 5
_DIALLED = re.compile(r"\+?[0-9 ()/.\-\u2010-\u2015]+")
_FEWEST_DIGITS, _MOST_DIGITS = 4, 15


def mailable(text: str) -> str:
    """A mail address that mail can be sent to. Raises ValueError with a Reason."""
    try:
        address(text)
    except Unfit as error:
        raise ValueError(Reason("is not a mail address")) from error
    return text


def dialled(phone: str) -> str:
    """The digits of a number as `tel:` (RFC 3966) takes them; a zero in brackets belongs to calls from within the country."""
    digits = re.sub(r"[^\d+]", "", re.sub(r"\(0\)", "", phone) if phone.startswith("+") else phone)
    return "+" + digits[2:] if digits.startswith("00") else digits


def _phone(text: str) -> str:
    plain = " ".join(text.split())
    digits = sum(one.isdigit() for one in plain)
    if not _DIALLED.fullmatch(plain) or not _FEWEST_DIGITS <= digits <= _MOST_DIGITS:
        raise ValueError(Reason("must be a phone number such as +49 9561 1234"))
    return plain


def _link(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme != "https":
        raise ValueError(Reason("must be a web address that begins with {}", "https://"))
    if "." not in (parts.hostname or "") or "@" in parts.netloc:
        raise ValueError(Reason("is not a web address"))
    return text


def _empty_is_none(given: Any) -> Any:
    return None if isinstance(given, str) and not given.strip() else given


def _checked(check: Callable[[str], str]) -> AfterValidator:
    """Of what is there."""
    return AfterValidator(lambda text: text if text is None else check(text))


_EMPTY_IS_NONE = BeforeValidator(_empty_is_none)
Hours = Annotated[
    Annotated[Line, Field(max_length=1000)] | None,
    _EMPTY_IS_NONE,
    _checked(opening_hours.canonical),
    Field(
        description="Opening hours as OpenStreetMap writes them, such as `Mo-Fr 09:00-18:00; Sa 09:00-13:00; PH off`."
    ),
]
Phone = Annotated[Annotated[Line, Field(max_length=60)] | None, _EMPTY_IS_NONE, _checked(_phone)]
Contact = Annotated[
    Annotated[EmailStr, Field(max_length=254)] | None,
    _checked(mailable),
    Field(description="The mail address that readers see; `email` is not shown."),
]
Imprint = Annotated[
    Annotated[Text, Field(max_length=4000)] | None,
    _EMPTY_IS_NONE,
    Field(description="Who answers for the business by law, or the address of a page that says so."),
]
Links = Annotated[
    Annotated[
        tuple[Annotated[WebAddress, AfterValidator(_link)], ...], Few(MOST_LINKS), AfterValidator(unique)
    ]
    | None,
    AfterValidator(lambda links: links or ()),
    Field(description="Its pages elsewhere, such as at networks; https."),
]
Logo = Annotated[
    WebAddress | None,
    Field(description="The address of a picture that this merchant uploaded; it is copied."),
]


class Profile(Value):
    """What a business says of itself; what is left out stays, null takes away."""

    opening_hours: Hours = None
    phone: Phone = None
    contact: Contact = None
    imprint: Imprint = None
    links: Links = ()
    license_texts: License | None = None
    license_pictures: License | None = None
    logo: Logo = None

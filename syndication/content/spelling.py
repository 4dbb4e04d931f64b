"""Says in JSON Schema which texts a check lets through, so that a document is as tight as the code behind it."""

from dataclasses import dataclass
from typing import Any

from pydantic import GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue

_CONTROLS = r"\u0000-\u001f\u007f-\u009f\u2028\u2029"
_BREAKS = r"\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028\u2029"
#: One line without control characters; several of them.
LINE, LINES = rf"^[^{_CONTROLS}]*$", rf"^[^{_BREAKS}]*$"
#: The same, with something to be seen in it.
WORDS, TEXT = (
    rf"^[^{_CONTROLS}]*[^\s{_CONTROLS}][^{_CONTROLS}]*$",
    rf"^[^{_BREAKS}]*[^\s{_BREAKS}][^{_BREAKS}]*$",
)
_PORT = "[0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]"
_REST = rf"(:({_PORT})?)?([/?#][^\s{_CONTROLS}]*)?$"
_HOST = rf"([^\s/?#@\[\]{_CONTROLS}]*@)?([^\s/?#@:\[\]{_CONTROLS}]+|\[([0-9A-Fa-f]{{1,4}}:){{7}}[0-9A-Fa-f]{{1,4}}\])"
#: RFC 3986, and what browsers take beside it: an address with a host.
WEB_ADDRESS = rf"^[Hh][Tt][Tt][Pp][Ss]?://{_HOST}{_REST}"
PICTURE = rf"^([Hh][Tt][Tt][Pp][Ss]://{_HOST}|[Hh][Tt][Tt][Pp]://(localhost|127\.0\.0\.1)){_REST}"
#: The years that are taken.
YEAR = "^(19[7-9][0-9]|[2-8][0-9]{3})-"


@dataclass(frozen=True)
class Spelled:
    """An annotation: the pattern of what the checks behind it let through. It checks nothing itself."""

    pattern: str

    def __get_pydantic_json_schema__(self, core: Any, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(core) | {"pattern": self.pattern}

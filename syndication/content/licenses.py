"""Licences that a business may give for its texts and its pictures, by their SPDX ids (spdx.org/licenses)."""

from collections.abc import Mapping
from typing import Literal

License = Literal["CC-BY-4.0", "CC-BY-SA-4.0", "CC0-1.0", "LicenseRef-all-rights-reserved"]
#: The address of each that has a public text; SPDX names what has none by `LicenseRef-`.
LICENSES: Mapping[str, str] = {
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/",
    "CC-BY-SA-4.0": "https://creativecommons.org/licenses/by-sa/4.0/",
    "CC0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "LicenseRef-all-rights-reserved": "",
}
_NAMES: Mapping[str, str] = {
    "CC-BY-4.0": "CC BY 4.0",
    "CC-BY-SA-4.0": "CC BY-SA 4.0",
    "CC0-1.0": "CC0 1.0",
    "LicenseRef-all-rights-reserved": "All rights reserved",
}


def said(license_id: str) -> dict[str, str]:
    """What programs are told of one: its id, what people call it, and its address where it has one."""
    address = {"url": LICENSES[license_id]} if LICENSES[license_id] else {}
    return {"id": license_id, "name": _NAMES[license_id], **address}


def name_of(license_id: str) -> str:
    """What people call it, in English."""
    return _NAMES[license_id]

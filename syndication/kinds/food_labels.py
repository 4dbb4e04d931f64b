"""What the law wants to be known of food that is served: allergens and additives, as codes and in words."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field


def _(text: str) -> str:
    """Marks a text for translation where the language is known only later."""
    return text


#: What must be named of a dish: Regulation (EU) No 1169/2011 Annex II. Of cereals and nuts the law wants which ones.
ALLERGENS: Mapping[str, str] = {
    "gluten": _("cereals containing gluten"),
    "wheat": _("wheat (gluten)"),
    "rye": _("rye (gluten)"),
    "barley": _("barley (gluten)"),
    "oats": _("oats (gluten)"),
    "crustaceans": _("crustaceans"),
    "eggs": _("eggs"),
    "fish": _("fish"),
    "peanuts": _("peanuts"),
    "soybeans": _("soybeans"),
    "milk": _("milk"),
    "nuts": _("nuts"),
    "almonds": _("almonds (nuts)"),
    "hazelnuts": _("hazelnuts (nuts)"),
    "walnuts": _("walnuts (nuts)"),
    "cashews": _("cashews (nuts)"),
    "pecans": _("pecans (nuts)"),
    "brazil_nuts": _("Brazil nuts (nuts)"),
    "pistachios": _("pistachios (nuts)"),
    "macadamias": _("macadamias (nuts)"),
    "celery": _("celery"),
    "mustard": _("mustard"),
    "sesame": _("sesame"),
    "sulphites": _("sulphites"),
    "lupin": _("lupin"),
    "molluscs": _("molluscs"),
}
#: What must be said of additives in what is sold unpacked: § 5 LMZDV, in its own words in German.
ADDITIVES: Mapping[str, str] = {
    "colour": _("with colour"),
    "preservative": _("with preservative"),
    "nitrite": _("with nitrite curing salt"),
    "nitrate": _("with nitrate"),
    "antioxidant": _("with antioxidant"),
    "flavour_enhancer": _("with flavour enhancer"),
    "sulphured": _("sulphured"),
    "blackened": _("blackened"),
    "waxed": _("waxed"),
    "phosphate": _("with phosphate"),
    "sweetener": _("with sweetener"),
    "phenylalanine": _("contains a source of phenylalanine"),
    "laxative": _("excessive consumption may have a laxative effect"),
}


def _of(words: Mapping[str, str], name: str) -> str:
    if name not in words:
        raise ValueError(f"must be one of {', '.join(words)}")
    return name


Allergen = Annotated[
    str,
    Field(max_length=20, json_schema_extra={"enum": list(ALLERGENS)}),
    AfterValidator(lambda name: _of(ALLERGENS, name)),
]
Additive = Annotated[
    str,
    Field(max_length=20, json_schema_extra={"enum": list(ADDITIVES)}),
    AfterValidator(lambda name: _of(ADDITIVES, name)),
]

"""Opening hours as OpenStreetMap writes them: what is understood, how it is spelled, and what is refused."""

from datetime import date

import pytest

from syndication.content.opening_hours import ALL_DAY, Closure, OpeningHours, canonical, read, written

NINE_TO_SIX = ((540, 1080),)


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("Mo-Fr 09:00-18:00; Sa 09:00-13:00", "Mo-Fr 09:00-18:00; Sa 09:00-13:00"),
        ("mo-fr 9:00-18:00;sa 9:00-13:00;", "Mo-Fr 09:00-18:00; Sa 09:00-13:00"),
        ("Mo,Tu,We 09:00-12:30, 14:00-18:00, Sa 10:00-12:00", "Mo-We 09:00-12:30,14:00-18:00; Sa 10:00-12:00"),
        ("Mo-Fr 14:00-18:00, Mo-We 09:00-12:00", "Mo-We 09:00-12:00,14:00-18:00; Th-Fr 14:00-18:00"),
        ("Mo-Su 09:00-18:00; Su off", "Mo-Sa 09:00-18:00"),
        ("Sa-Mo 10:00-12:00", "Mo,Sa-Su 10:00-12:00"),
        ("Mo,Th 09:00-13:00", "Mo,Th 09:00-13:00"),
        ("09:00-18:00", "Mo-Su 09:00-18:00"),
        ("24/7", "24/7"),
        ("Mo-Su 00:00-24:00", "24/7"),
        ("Mo-Su 00:00-24:00; PH closed", "24/7; PH off"),
        ("Fr,Sa 18:00-02:00", "Fr-Sa 18:00-02:00"),
        ("Fr 18:00-26:00", "Fr 18:00-02:00"),
        ("We 18:00-24:00", "We 18:00-24:00"),
        ("Th 18:00+", "Th 18:00+"),
        ("Tu-Su,PH 10:00-17:00", "Tu-Su 10:00-17:00; PH 10:00-17:00"),
        ("Mo-Fr 09:00-18:00; PH off; 2026 Dec 24-2027 Jan 6 off", "Mo-Fr 09:00-18:00; PH off; 2026 Dec 24-2027 Jan 06 off"),
        ("Mo 09:00-18:00; 2026 Aug 3-21 off; 2026 May 04 off", "Mo 09:00-18:00; 2026 May 04 off; 2026 Aug 03-2026 Aug 21 off"),
        ('Mo 09:00-18:00 || "nach  Vereinbarung"', 'Mo 09:00-18:00 || "nach Vereinbarung"'),
        ('"nach Vereinbarung"', '"nach Vereinbarung"'),
        ('"nach Vereinbarung"; 2026 Aug 03 off', '"nach Vereinbarung"; 2026 Aug 03 off'),
        ("off", "off"),
        ("", ""),
    ],
)  # fmt: skip
def test_hours_are_spelled_in_one_way_and_read_as_the_same_again(text: str, spelled: str) -> None:
    assert canonical(text) == spelled
    assert canonical(spelled) == spelled


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Mo-Fr 09:00-18:00; Apr-Oct 08:00-20:00", "is not understood from 'Apr-Oct"),
        ("sunrise-sunset", "is not understood"),
        ("Mo[1] 10:00-12:00", "is not understood"),
        ("SH off", "is not understood"),
        ("PH-Su off", "is not understood"),
        ("Montag 9-18", "is not understood"),
        ('Mo 09:00-18:00 "nur innen"', "is not understood"),
        ("Mo 09:00-18:00 || off", "is not understood"),
        ("Mo 25:00-26:00", "names 25:00, which is no time"),
        ("Mo 09:75-12:00", "names 09:75"),
        ("Mo 09:00-40:00", "more than a day"),
        ("Mo 09:00-14:00,12:00-18:00", "overlap"),
        ("Mo 18:00+,20:00-22:00", "overlap"),
        ("Mo 01:00-02:00,03:00-04:00,05:00-06:00,07:00-08:00,09:00-10:00", "more than 4"),
        ("Dec 24 off", "without its year"),
        ("2026 Feb 30 off", "does not exist"),
        ("2026 Dec 24-2026 Jan 06 off", "ends before it begins"),
        ("; ".join(f"2026 May {day:02} off" for day in range(1, 12)), "at most 10"),
        (f'"{"x" * 201}"', "at most 200"),
        ('Mo 09:00-10:00 || ""', "comment"),
        (",", "is not understood"),
        ("ſu 10:00-12:00", "is not understood"),
        ("Mo ٠٩:٠٠-١٢:٠٠", "is not understood"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_said(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read(text)


def test_a_week_is_its_days_its_holidays_and_its_closures() -> None:
    week = read("Mo-We 09:00-18:00; PH off; 2026 Aug 03-21 off; 2025 Aug 03 off")
    assert week.days == (NINE_TO_SIX, NINE_TO_SIX, NINE_TO_SIX, (), (), (), ())
    assert week.holidays == ()
    assert week.from_day(date(2026, 8, 21)).closures == (Closure(date(2026, 8, 3), date(2026, 8, 21)),)
    assert week.from_day(date(2026, 8, 22)).closures == ()
    assert read("24/7").days == (ALL_DAY,) * 7
    assert read("Mo 18:00-02:00").days[0] == ((1080, 1560),)
    assert written(OpeningHours()) == "off"

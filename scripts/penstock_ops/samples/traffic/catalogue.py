"""Invented stations, advertisers and remarks."""

from typing import NamedTuple


class Station(NamedTuple):
    name: str
    #: Breaks it has for each one of the smallest station.
    weight: int
    #: What its automation puts before the frames of a time; nothing where it writes none.
    frames: str


STATIONS = [
    Station("WPNS", 12, ""),
    Station("KFLW-TV", 10, ""),
    Station("WGTE-DT", 8, ":"),
    Station("KTRB", 8, ""),
    Station("WDLT-TV", 6, ";"),
    Station("KSLC-LD", 5, ""),
    Station("WRVR", 4, "."),
    Station("KBAY-FM", 4, ""),
    Station("WHLF-AM", 3, ""),
    Station("KDAM-TV", 3, ","),
    Station("CFJR-DT", 2, ""),
    Station("WMIL", 1, ""),
]

#: Advertisers and what they advertise.
ADVERTISERS = {
    "Harbor Lane Furniture": ["Fall Clearance", "Sleep Week", "Outdoor Living"],
    "Bäckerei Köhler": ["Brezel", "Frühstück"],
    "Tri-County Ford & Truck": ["Year End Event", "Service Special", "Certified Used"],
    "Café Señorial": ["Cold Brew", "Temporada navideña"],
    "Murphy, Dolan & Reyes LLP": ["Injury Law", "Estate Planning"],
    'Joe "The Tire" Murphy': ["Winter Tires", "Brakes"],
    "Ostermann Hearing Centers": ["Free Test"],
    "Łódź Meble": ["Kuchnie", "Sypialnie"],
    "Valley Regional Hospital": ["Heart Center", "Urgent Care", "Maternity"],
    "東京ラーメン": ["新メニュー"],
    "Committee for Better Roads": ["Vote Yes on 4"],
    "O'Hara Plumbing": ["Water Heaters"],
    "Crème Fraîche Dairy": ["Yogurt", "Butter"],
    "First Prairie Credit Union": ["Auto Loans", "Home Equity"],
    "Northern Lights Casino": ["Concert Series", "Weekend Buffet"],
    "Große Bühne Theater": ["Der Nussknacker"],
    "Pine Ridge Ski Resort": ["Season Pass"],
    "Ağaoğlu Halı": ["Kış indirimi"],
    "Summit Wireless": ["Family Plan", "Trade-In", "5G Home"],
    "Dr. Åsa Lindqvist, DDS": ["Implants"],
}

#: Remarks without a character that any format would have to quote.
PLAIN_NOTES = [
    "Bonus weight",
    "Live read by host",
    "Sponsor of the weather",
    "Client approved copy on Tuesday",
    "+15% over rate card",
    "Preempted by overtime and made good",
    "Für die Spätausgabe",
    "Bookend 1 of 2",
]

#: Remarks as people type them into a traffic system.
FREE_NOTES = [
    *PLAIN_NOTES,
    "Hold for copy, see order 1147",
    'Tag reads "open Sundays"',
    "Two tags:\nfirst the stores, then the web site",
    'AE: "do not move", per client, 3x',
    "Rotate A/B\nA: 60%\nB: 40%",
    "Call desk before moving; ask for José, ext. 12",
]

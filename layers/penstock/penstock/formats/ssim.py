"""Airline schedules: SSIM chapter 7, in which a leg is a record, with its segment data.

IATA Standard Schedules Information Manual, chapter 7. Lines of 200 bytes, numbered in columns 195 to 200, in blocks of
five that are filled up with lines of zeros. A carrier's line (type 2) says what its legs are to be read by: whether
times are UTC or local, and the season. Its trailer (type 5) repeats the number of the line before.
"""

from penstock.formats.fixed import Column, FixedWidth, LineType, Role, Serials

_SERIAL = Column("serial", 195, 6, digits=True)
_CHECK = Column("serial_check", 188, 6, digits=True)

#: What a leg and its segment data have in common: which leg it is.
_LEG = (
    Column("operational_suffix", 2, 1),
    Column("airline", 3, 3),
    Column("flight_number", 6, 4),
    Column("itinerary_variation", 10, 2),
    Column("leg_sequence", 12, 2),
    Column("service_type", 14, 1),
)

SSIM = FixedWidth(
    name="ssim",
    width=200,
    begins="1AIRLINE STANDARD SCHEDULE DATA SET",
    filler="0",
    serials=Serials(column=_SERIAL, check=_CHECK, last=999_999, again=2),
    standard="SSIM chapter 7",
    types=(
        LineType(
            "header",
            "1",
            Role.OPENS,
            (
                Column("title", 2, 34),
                Column("seasons", 41, 1),
                Column("data_set_serial", 192, 3),
                _SERIAL,
            ),
        ),
        LineType(
            "carrier",
            "2",
            Role.STATES,
            (
                Column("time_mode", 2, 1),
                Column("airline", 3, 3),
                Column("season", 11, 3),
                Column("valid_from", 15, 7),
                Column("valid_to", 22, 7),
                Column("created_on", 29, 7),
                Column("title", 36, 29),
                Column("released_on", 65, 7),
                Column("status", 72, 1),
                Column("creator", 73, 35),
                Column("duplicate_marker", 108, 1),
                Column("information", 109, 61),
                Column("in_flight_services", 170, 19),
                Column("electronic_ticketing", 189, 2),
                Column("created_at", 191, 4),
                _SERIAL,
            ),
        ),
        LineType(
            "leg",
            "3",
            Role.RECORD,
            (
                *_LEG,
                Column("from_date", 15, 7),
                Column("to_date", 22, 7),
                Column("days", 29, 7),
                Column("frequency", 36, 1),
                Column("departure_station", 37, 3),
                Column("passenger_departure", 40, 4, digits=True),
                Column("aircraft_departure", 44, 4, digits=True),
                Column("departure_utc_variation", 48, 5),
                Column("departure_terminal", 53, 2),
                Column("arrival_station", 55, 3),
                Column("aircraft_arrival", 58, 4, digits=True),
                Column("passenger_arrival", 62, 4, digits=True),
                Column("arrival_utc_variation", 66, 5),
                Column("arrival_terminal", 71, 2),
                Column("aircraft_type", 73, 3),
                Column("booking_designator", 76, 20),
                Column("booking_modifier", 96, 5),
                Column("meals", 101, 10),
                Column("joint_operation", 111, 9),
                Column("minimum_connecting_time", 120, 2),
                Column("secure_flight", 122, 1),
                Column("itinerary_variation_overflow", 128, 1),
                Column("aircraft_owner", 129, 3),
                Column("cockpit_crew_employer", 132, 3),
                Column("cabin_crew_employer", 135, 3),
                Column("onward_airline", 138, 3),
                Column("onward_flight", 141, 4),
                Column("aircraft_rotation_layover", 145, 1),
                Column("onward_suffix", 146, 1),
                Column("flight_transit_layover", 148, 1),
                Column("operating_airline_disclosure", 149, 1),
                Column("traffic_restrictions", 150, 11),
                Column("traffic_restriction_overflow", 161, 1),
                Column("aircraft_configuration", 173, 20),
                Column("date_variation", 193, 2),
                _SERIAL,
            ),
        ),
        LineType(
            "segment",
            "4",
            Role.PART,
            (
                *_LEG,
                Column("itinerary_variation_overflow", 28, 1),
                Column("board_point_indicator", 29, 1),
                Column("off_point_indicator", 30, 1),
                Column("data_element", 31, 3),
                Column("board_point", 34, 3),
                Column("off_point", 37, 3),
                Column("data", 40, 155),
                _SERIAL,
            ),
        ),
        LineType(
            "trailer",
            "5",
            Role.CLOSES,
            (
                Column("airline", 3, 3),
                Column("released_on", 6, 7),
                _CHECK,
                Column("end_code", 194, 1),
                _SERIAL,
            ),
        ),
    ),
)

"""What exports of the trade call the fields."""

HEADINGS = {
    "duty_id": "Pairing ID",
    "revision": "Rev",
    "crew_id": "Employee ID",
    "regulation": "Rule Set",
    "acclimatised": "Acclimated",
    "reference_tz": "Time Zone",
    "report_at": "Report Time",
    "fdp_end_at": "FDP End",
    "release_at": "Release Time",
    "pilots": "Crew Size",
    "rest_facility_class": "Rest Facility",
    "extension": "Extension",
    "flight_time_minutes": "Block Minutes",
    "qualifications": "Qualifications",
    "sectors": "Legs",
    "home_base": "Domicile",
}

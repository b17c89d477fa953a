"""Removals and installations as a shop would send them. Knows nothing of the feed's tables."""

from typing import Any

RELEASED = {
    "release_basis": "own",
    "release_signature": "J. Moreau",
    "release_certificate": "XQ4R512M",
    "release_name": "Jeanne Moreau",
    "release_date": "05/MAR/2026",
}
CERTIFIED = {
    "design_data": "approved",
    "production_signature": "A. Lund",
    "production_approval": "PQ0042NM",
    "production_name": "Astrid Lund",
    "production_date": "05/MAR/2026",
}
EASA = {"form_type": "EASA_FORM_1", "authority": "EASA", "release_date": "05 Mar 2026"}


def removal(**changes: Any) -> dict[str, Any]:
    """A brake assembly taken off on 1 March 2026 and repaired. `changes` replaces fields; None leaves one out."""
    record = {
        "event": "removal",
        "form_type": "FAA_8130-3",
        "authority": "FAA/United States",
        "form_tracking_number": "RS-20260305-7",
        "organisation": "Meridian Brake Services, Tulsa OK",
        "work_order": "WO-58142",
        "description": "BRAKE ASSY",
        "part_number": "2612312-1",
        "quantity": 1,
        "component_sn": "B24365",
        "cert_status": "REPAIRED",
        "remarks": "CMM 32-42-31 rev 9",
        "removal_date": "2026-03-01",
        "completion_date": "2026-03-04",
        "registration": "N841PS",
        "hours_since_new": "12500.5",
        "cycles_since_new": 6100,
    } | RELEASED
    return {name: value for name, value in (record | changes).items() if value is not None}


def installation(**changes: Any) -> dict[str, Any]:
    """The same one put on again on 9 March."""
    return removal(**({"event": "installation", "installation_date": "2026-03-09"} | changes))


def new(**changes: Any) -> dict[str, Any]:
    """One from the factory, put on in its place."""
    certified = {"cert_status": "NEW", "completion_date": None, "remarks": None} | dict.fromkeys(RELEASED) | CERTIFIED
    return installation(**(certified | {"hours_since_new": "0", "cycles_since_new": 0} | changes))

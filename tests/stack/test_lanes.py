"""Two zones' documents at the deployed stack: a zone whose own destination is dead waits by itself, the other's are
delivered meanwhile, and nothing is given up."""

import json
import socket
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock_ops.samples.tower.paper import pdf
from tests.stack.test_documents import drafted, lease, read
from tests.support.deployed import Deployed, counts, until

DEAD, WELL = "dead", "well"
LANE = f"tower/{DEAD}"
PAGES = 3


@pytest.fixture
def dead(deployed: Deployed) -> Iterator[str]:
    """The parameter of a zone's own destination, at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    name = f"{deployed.outputs['DestinationsPath']}/tower/{DEAD}"
    # Its circuit opens at the first call that fails, so that a probe finds what waits.
    settings = deployed.settings("tower") | {"url": f"http://127.0.0.1:{port}/", "error_calls": 1}
    deployed.client("ssm").put_parameter(Name=name, Value=json.dumps(settings), Type="String")
    deployed.renew("Dispatcher")
    yield name
    deployed.client("ssm").delete_parameter(Name=name)
    deployed.renew("Dispatcher")


def test_a_zone_whose_destination_is_dead_waits_and_another_zones_documents_are_delivered(
    dead: str, deployed: Deployed, tmp_path: Path
) -> None:
    # Given documents of two zones, one of which has a destination of its own that does not answer
    drafted(deployed, tmp_path)
    waiting = deployed.drop(f"{DEAD}/several.pdf", _several("ND-1000"), "tower")
    read(deployed, waiting)
    until(lambda: deployed.circuit(LANE) == "open", "the zone's circuit open")

    # When another zone's come behind them
    through = deployed.drop(f"{WELL}/several.pdf", _several("SD-1000"), "tower")
    read(deployed, through)

    # Expect these to be delivered while the others wait, with nothing given up
    assert deployed.ended(through)["records"] == counts(PAGES)
    assert deployed.output(waiting, "summary.json") is None
    assert (deployed.circuit("tower"), deployed.dead_letters()) == ("closed", {})
    assert _applied(deployed, "ND-1000") == Counter()

    # When the zone's destination is another
    well = json.dumps(deployed.settings("tower"))
    deployed.client("ssm").put_parameter(Name=dead, Value=well, Type="String", Overwrite=True)
    deployed.renew("Dispatcher")
    deployed.renew("Prober")

    def closed() -> bool:
        deployed.hurry_probe(feed=LANE)
        deployed.look("Prober", "circuits")
        return deployed.circuit(LANE) == "closed"

    until(closed, "the zone's circuit closed")

    # Expect what waited, once
    assert deployed.ended(waiting)["records"] == counts(PAGES)
    assert _applied(deployed, "ND-1000") == Counter(f"ND-1000{at}" for at in range(PAGES))
    assert deployed.books("tower")["applied_more_than_once"] == 0
    assert deployed.dead_letters() == {}


def _several(site: str) -> bytes:
    return pdf([lease(f"{site}{at}") for at in range(PAGES)])


def _applied(deployed: Deployed, site: str) -> Counter[str]:
    """How often each document of sites that begin so was applied."""
    return Counter(one["site_id"] for one in deployed.applied("tower") if one["site_id"].startswith(site))

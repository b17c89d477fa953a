"""On the local world, a refused file is told by a signed webhook and a pager, once, and its sender by a receipt."""

import json
from collections.abc import Iterator

import pytest

from tests.support.deployed import Deployed, until
from tests.support.noticed import SECRETS, Receiver, receiving

PROGRAM = b"\x7fELF\0\0\0"
LANE = "tower/told"  #: no other test's, so that nobody has met its causes today


@pytest.fixture
def receiver(deployed: Deployed) -> Iterator[Receiver]:
    """Somebody's server, and routes to it and to the outbox."""
    ssm, secrets = deployed.client("ssm"), deployed.client("secretsmanager")
    name, prefix = deployed.outputs["NoticeSettings"], f"{deployed.outputs['SecretsPrefix']}notices/"
    before = ssm.get_parameter(Name=name)["Parameter"]["Value"]
    with receiving() as receiver:
        for secret in ("hook", "pager"):
            secrets.create_secret(Name=prefix + secret, SecretString=json.dumps(SECRETS[secret]))
        routes = {
            "ours": {"kind": "webhook", "url": f"{receiver.url}/hook", "secret": f"{prefix}hook"},
            "night": {
                "kind": "pagerduty",
                "url": f"{receiver.url}/pager",
                "secret": f"{prefix}pager",
                "severity": "error",
            },
            "senders": {"kind": "outbox", "tells": ["receipts"]},
        }
        ssm.put_parameter(Name=name, Value=json.dumps({"routes": routes}), Type="String", Overwrite=True)
        deployed.renew("Notifier")
        yield receiver
        ssm.put_parameter(Name=name, Value=before, Type="String", Overwrite=True)


def test_a_refused_file_is_told_once_and_its_sender_too(receiver: Receiver, deployed: Deployed) -> None:
    # Given a route that works
    assert deployed.penstock("notices", "test", "ours", "--json").code == 0
    until(lambda: receiver.taken, "a test notice")
    deployed.idle()
    receiver.taken.clear()

    # When
    files = [deployed.drop(f"told/{number}/lease.bin", PROGRAM, feed="tower") for number in range(3)]
    receipts = [
        until(lambda file=file: deployed.work(f"outbox/tower/{file.file_id}/0.txt"), "the sender's receipt")
        for file in files
    ]
    deployed.idle()

    # Expect one notice a route, whichever file was the first
    hook, pager = sorted((path, body) for path, _, body in receiver.taken if LANE in json.dumps(body))
    assert hook[1]["data"]["title"].startswith(f"{LANE}: A file was refused (")
    assert pager[1]["payload"]["severity"] == "error"
    assert pager[1]["dedup_key"] == f"penstock/{hook[1]['data']['cause']}"
    listed = deployed.penstock("notices", "list", "--json").json
    (cause,) = [one for one in listed["causes"] if one["lane"] == LANE]
    assert (cause["kind"], cause["times"]) == ("FileRefused", len(files))
    assert (listed["wrong"], listed["letters"]) == ([], 0)
    assert receipts[0].startswith(b"Receipt for tower/told/0/lease.bin\n")

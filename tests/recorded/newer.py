"""A release that does not exist yet: what an older one has left, as a newer one would have it.

It says more everywhere, in names that nobody knows. In the scenes of `overlooked` that is all; in those of `taken over`
it has begun the work, in a form that this release must not act on.
"""

import json
from copy import deepcopy
from typing import Any

from penstock.model import versions
from tests.recorded.stack import Recorded

NEW = "a field of tomorrow"


def overlooked(recorded: Recorded) -> Recorded:
    """With more in every row, claim and message, under the versions of today."""
    told = deepcopy(recorded)
    for table in told["tables"].values():
        for item in table:
            item[NEW] = {"S": "said"}
            for name in {"file", "layout", "span", "noted", "splitting_from"} & item.keys():
                item[name]["S"] = json.dumps(json.loads(item[name]["S"]) | {NEW: "said"})
    for name, bodies in told["queues"].items():
        told["queues"][name] = [_with_more(body) for body in bodies]
    return told


def _with_more(body: str) -> str:
    message: dict[str, Any] = json.loads(body)
    inner: list[dict[str, Any]] = [message, message.get("chunk", {})]
    for one in inner:
        one |= {NEW: "said"} if one else {}
        for part in {"file", "layout", "span"} & one.keys():
            one[part] |= {NEW: "said"}
    return json.dumps(message)


def taken_over(recorded: Recorded, what: str) -> Recorded:
    """With the rows, claims, messages or outputs of this kind in a version that nobody knows."""
    told = deepcopy(recorded)
    if what == "message":
        told["queues"] = {name: list(map(_of_tomorrow, bodies)) for name, bodies in told["queues"].items()}
    for item in (item for table in told["tables"].values() for item in table):
        kind = item.get("sk", {"S": "CLAIM"})["S"].partition("#")[0]
        if kind == what.upper():
            item["v"] = {"N": str(getattr(versions, kind) + 1)}
    if what == "accepted":
        told["work"] = {
            key: "#99 form of tomorrow\n" if key.endswith("/accepted") else body for key, body in told["work"].items()
        }
    return told


def _of_tomorrow(body: str) -> str:
    message = json.loads(body)
    # S3's word is S3's, whatever the release.
    return body if "Records" in message else json.dumps({"v": versions.MESSAGE + 1, "type": message["type"]})

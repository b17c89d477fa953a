"""A probe at an operator's word: the stack's own prober makes it, which has the destination's credentials and its place
in the network."""

import json
from collections.abc import Mapping
from typing import Any, cast

import boto3
from botocore.config import Config

from penstock.model.errors import PenstockError
from penstock.model.lane_names import told

SECONDS = 310  #: the prober's timeout, and a little more


class ProbeFailed(PenstockError):
    """Raised where the prober came to no end."""


def probe_now(outputs: Mapping[str, str], name: str) -> None:
    """Has the open circuit of a feed's destination, or of a lane's own, be tried at once, whenever it would be due; one
    that is closed is left as it is.

    Raises:
        ProbeFailed: the prober came to no end; the next minute tries again.
    """
    # Once: what is not answered may have been done, and is seen in the circuit.
    config = Config(read_timeout=SECONDS, retries={"total_max_attempts": 1})
    lambdas: Any = cast("Any", boto3).client("lambda", config=config)
    event = json.dumps({"look": "circuits"} | told(name)).encode()
    answer = lambdas.invoke(FunctionName=outputs["ProberFunctionName"], Payload=event)
    if "FunctionError" in answer:
        said: dict[str, Any] = json.loads(answer["Payload"].read())
        raise ProbeFailed(f"the prober came to no end ({said.get('errorType', 'no type')}); its log says why")

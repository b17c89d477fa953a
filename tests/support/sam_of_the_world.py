"""`sam build` and `sam deploy` as whoever follows a page types them in a checkout, where the stack is a local world's:
with the limits of one machine, and with what MiniStack's CloudFormation drops mended."""

import sys
from pathlib import Path

from penstock_ops import world as local_world
from penstock_ops.world import LOCAL_PARAMETERS, project, sam
from penstock_ops.world.mending import mend
from penstock_ops.world.stack import Stack


def main(home: Path, checkout: Path, verb: str, *options: str) -> None:
    """`home` is the world's folder, `checkout` where it is typed. What is deployed is built anyway."""
    if verb == "build":
        return
    assert verb == "deploy", verb
    here, template = local_world.current(home), checkout / project.TEMPLATE.name
    named = dict(zip(options[::2], options[1::2], strict=True)).get("--stack-name", here.stack)
    if named == here.stack:
        local_world.up(home=home, template=template)
        return
    stack, logs = Stack(named, here.endpoint), home / "logs"
    with sam.built(template, logs / "sam-build.log") as built:
        sam.deploy(built, stack, LOCAL_PARAMETERS, logs / "sam-deploy.log")
    mend(stack)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])

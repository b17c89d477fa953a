"""The notary over the twins, and receipts of what it has logged."""

from penstock.ports.heads import Heads, Signer
from penstock.receipts.stage import NotaryPorts, notarise
from penstock_ops.operate.receipts import ReceiptPorts, keys
from penstock_testing.heads import LocalSigner, MemoryHeads
from tests.support.pipeline import Pipeline

ORIGIN = "penstock.example/night"


class Notary:
    """The notary of a pipeline's stack, with its logs and its key."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.heads: Heads = MemoryHeads()
        self.signer: Signer = LocalSigner()

    async def looks(self) -> dict[str, float]:
        """What one look has counted."""
        pipeline = self.pipeline
        ports = NotaryPorts(
            *(pipeline.store, pipeline.ledger, self.heads, self.signer, pipeline.events, pipeline.clock), origin=ORIGIN
        )
        (result,) = await notarise(ports, pipeline.clock.now() + 60)
        return result.counts

    @property
    def receipts(self) -> ReceiptPorts:
        """What an operator makes receipts from."""
        return ReceiptPorts(self.pipeline.store, self.pipeline.ledger, self.heads, self.signer, ORIGIN)

    async def keys(self) -> bytes:
        """What an auditor has."""
        return "".join(f"{line}\n" for line in await keys(self.receipts, ["traffic"])).encode()

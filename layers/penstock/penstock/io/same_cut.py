"""A message about a chunk must tell of the same bytes and records as the chunk's row."""

from penstock.model.errors import OtherCut
from penstock.model.messages import ChunkMessage
from penstock.ports.ledger import Ledger


async def ensure_same_cut(ledger: Ledger, message: ChunkMessage, now: float) -> None:
    """Lets a message pass whose chunk was cut as the ledger has it, or is not there yet. Where the chunk has ended
    before, the ledger notes that it may be begun again: should the message be lost then, the sweeper finds it.

    Raises:
        OtherCut: the message is of another cut of the file; nothing has been done by it.
        Transient: something broke.
    """
    file_id = message.file.file_id
    row = await ledger.chunk(file_id, message.span.chunk)
    if row and row.span != message.span:
        raise OtherCut(f"the message is of another cut of the file than chunk {message.chunk_id} in the ledger")
    if row and row.ended:
        await ledger.note_begun_again(file_id, now)

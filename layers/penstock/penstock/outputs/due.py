"""due/<file>/<chunk>/<fence>.json: that a chunk's end is to be tabulated; its message, so that it can be.

It is written before the ledger says that the chunk has ended, and removed once the table of outcomes has it: whoever
dies in between leaves one too many, never one too few.
"""

from penstock.model import ids
from penstock.model.messages import ChunkMessage, read_message
from penstock.ports.object_store import ObjectStore


async def note_due(store: ObjectStore, message: ChunkMessage, fence: int) -> None:
    """Says that this end is to be tabulated."""
    key = ids.due_key(message.file.file_id, message.span.chunk, fence)
    await store.put(key, message.model_dump_json().encode(), "application/json")


def read_due(key: str, body: bytes) -> tuple[ChunkMessage, int]:
    """The chunk's message, and the fence that it ended under.

    Raises:
        MalformedMessage: nobody can read it.
        NewerRelease: a newer release has written it, in a form that this one does not know.
    """
    return read_message(body.decode(), ChunkMessage), int(key.rpartition("/")[2].removesuffix(".json"))

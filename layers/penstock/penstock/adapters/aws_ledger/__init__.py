"""The ledger in one DynamoDB table.

pk            sk                    what
FILE#<id>     FILE                  a file's row; `file_state` and `opened_at` index it (files_by_state)
FILE#<id>     CHUNK#000007          a chunk's row
FILE#<id>     BATCH#000007#002      a batch's row
AGAIN         <id>                  a note that an ended chunk of the file was begun again
FAULTS        <look>#<about>        what a look failed at
LOOK#<look>   LOOK                  where a look goes on
"""

from dataclasses import dataclass

from penstock.adapters.aws_ledger.batches import DynamoBatches
from penstock.adapters.aws_ledger.chunks import DynamoChunks
from penstock.adapters.aws_ledger.files import DynamoFiles
from penstock.adapters.aws_ledger.looks import DynamoLooks


@dataclass(frozen=True, slots=True)
class DynamoLedger(DynamoFiles, DynamoChunks, DynamoBatches, DynamoLooks):
    """As `Ledger`."""

"""Another release: this checkout with some words of its source changed, in a folder of its own, fit to be deployed."""

import shutil
from pathlib import Path

from penstock_ops.world.project import ROOT

#: What differs in the other release: (file, words, words in their place). Chunks are cut smaller, and each record of
#: the traffic feed says where it comes from, so that the same batch is another body.
CHANGES = (
    ("layers/penstock/penstock/feeds/feed.py", "    records: int = 5000\n", "    records: int = 70\n"),
    ("layers/penstock/penstock/feeds/traffic.py", 'name="traffic",', 'name="traffic", trace="soak_trace",'),
)
PARTS = ("layers", "functions", "template.yaml")


def other_release(folder: Path) -> Path:
    """The template of the other release.

    Raises:
        LookupError: the words that it changes are not there any more.
    """
    for name in PARTS:
        part = ROOT / name
        if part.is_dir():
            shutil.copytree(part, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(part, folder / name)
    for name, words, others in CHANGES:
        source = (folder / name).read_text()
        if source.count(words) != 1:
            raise LookupError(f"the other release does not fit {name} any more")
        (folder / name).write_text(source.replace(words, others))
    return folder / "template.yaml"

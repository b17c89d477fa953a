"""`python -m tests.corpora`: every suite with its result, as the tables of docs/corpora.md."""

from collections.abc import Callable

from tests.corpora import csv_files, edi, invoices, json_and_xml, naughty, reports, tower_documents, zip_files
from tests.corpora.page import Row, table

#: Each suite is in its own module, with the rows of its table.
SUITES: dict[str, Callable[[], list[Row]]] = {
    "csv-spectrum": csv_files.spectrum_rows,
    "csvlint and Papa Parse": csv_files.other_rows,
    "JSONTestSuite": json_and_xml.json_rows,
    "defusedxml, and UBL's examples": json_and_xml.xml_rows,
    "X12 envelopes": edi.x12_rows,
    "SSIM chapter 7": edi.ssim_rows,
    "Freight invoices": invoices.rows,
    "Service difficulty reports": reports.rows,
    "Documents about towers": tower_documents.rows,
    "Archives of yauzl": zip_files.rows,
    "The Big List of Naughty Strings": naughty.rows,
}


def lines() -> list[str]:
    """The headings and the tables' lines, in order."""
    return [line for title, rows in SUITES.items() for line in (f"## {title}", *table(rows()))]


if __name__ == "__main__":
    print("\n".join(lines()))  # noqa: T201

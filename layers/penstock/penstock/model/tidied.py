"""What is brought into its one form before anything is judged (R52), told once a kind and file."""

_WORDS = {
    "padding": "blanks round values were taken off",
    "zero_width": "characters that nobody sees were taken out",
    "unicode": "letters with marks were composed (Unicode NFC)",
    "number": "numbers were brought into one form: digits, a point, and digits",
    "time": "times of day and lengths were brought into one form",
    "date": "days were written as YYYY-MM-DD",
    "case": "letters were written as capitals or small ones, as the field has them",
    "apostrophe": "apostrophes were taken off that stand before formulas, as in our reject files",
    "word": "words were replaced by the ones that the feed has for them",
}
TIDIED = {f"tidied.{kind}": words for kind, words in _WORDS.items()}
"""Every code that tells of it, and what it says."""

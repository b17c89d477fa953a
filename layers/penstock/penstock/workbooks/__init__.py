"""Workbooks of spreadsheets, Office Open XML's `.xlsx` (ECMA-376 Part 1): read as tables of text, and written."""

"""Statements for customers and their accountants: what they say is gathered from the portal's ledger and the
journal (`gather`), and written as a page, a PDF, a workbook, a CSV file or a JSON document, each by a module
of its own that is imported when it is needed.
"""

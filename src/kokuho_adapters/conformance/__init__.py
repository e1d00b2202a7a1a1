"""適合性試験の口: systems under test, and the forms of a report."""

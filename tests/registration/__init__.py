"""Registration with the intermediate server: rules, queue, results, reconciliation, card use and documents."""

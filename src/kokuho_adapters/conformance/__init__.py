"""適合性試験の口: doors between the conformance harness and embedded systems, commands and servers, and its reports."""

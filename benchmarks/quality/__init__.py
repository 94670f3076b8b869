"""How good the tests are: mutants of the package, and which of them the tests notice."""

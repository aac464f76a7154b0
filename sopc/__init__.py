"""English → DSL → tree → bytecode: everything the runtime does not need."""

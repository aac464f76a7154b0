"""Compiled scripts as data: the opcode table, the module, its codec, verifier and disassembler."""

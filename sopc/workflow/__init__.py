"""The use cases around a program, without console and HTTP: prepare a program, ask what its text leaves open, store it.

`prepare` turns a text, a program or a tree into a `Prepared`. `store` puts it into the library if the given consents
allow that. The commands, the recordings, the service and its page only show the outcome and pass on consents, so every
entry gives the same warnings, questions and refusals.
"""

"""The use cases around a program, without console and without HTTP: prepare it, ask what is open, store it.

`prepare` turns a text, a program or a tree into a `Prepared`; `store` takes it into the library where the consents
given allow that. The commands, recordings, the service and its page only show the answers and pass consents on, so a
text has the same warnings, questions and refusals at every door.
"""

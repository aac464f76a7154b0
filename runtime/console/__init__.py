"""What all commands and the recorder share on a terminal: the application, options, messages, rows, a run's output."""

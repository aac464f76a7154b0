"""A GGUF file → llama.cpp's server in this process: prints its address, and ends at the end of its stdin.

python -m sopc.english.local.serve FILE THREADS CONTEXT SLOTS_FOLDER
"""

from __future__ import annotations

import sys


def main(file: str, threads: str, context: str, slots: str) -> None:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = file
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_ctx = int(context)
    params.n_parallel = 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = int(threads)
    params.slot_save_path = slots
    params.verbosity = 0
    params.warmup = False
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    sys.stdin.read()  # until the parent process closes it or ends


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Runs what the READMEs of ``examples/`` show, and compares it with what they say: ``make examples``.

In each ``examples/NAME/README.md`` the fenced blocks marked ``console`` are the test. A line ``$ COMMAND`` is
run by a bash of its own in the checkout's folder, with the virtual environment's programs; it must end with
0. The lines up to the next command are what it prints on standard output, to the letter, but that ``...``
stands for any text in a line, and alone in a line for any lines. Other blocks are not run.

Each README works in a local cloud of its own, and must leave neither functions nor buckets in it, nor files
in ``build/examples/NAME``, which is for results.

readme    the commands of a README, and what they should print
matching  whether that is what they print
running   the commands, one after the other
figures   what the functions' calls took, out of their logs
table     the same for people
"""

#!/bin/sh
# R out of a here-document, with the characters that shells and JSON like to eat.
R --no-echo --no-save <<'END'
cat("a backslash: \\, a tab:\t, a quote: \", a dollar: $HOME, `ticks`\n")
cat(gsub("(\\w+)@(\\w+)", "\\2 of \\1", "name@example"), "\n", sep = "")
END

#!/bin/sh
# Elixir out of a here-document, with the characters that shells and JSON like to eat.
cat > "$TMPDIR/here.exs" <<'END'
IO.puts("a backslash: \\, a tab:\t, a quote: \", a dollar: $HOME, `ticks`, #{1 + 1}")
IO.puts(Regex.replace(~r/(\w+)@(\w+)/, "name@example", "\\2 of \\1"))
END
elixir "$TMPDIR/here.exs"

#!/bin/sh
# Erlang out of a here-document, with the characters that shells and JSON like to eat.
cat > "$TMPDIR/here.escript" <<'END'
#!/usr/bin/env escript
%%! +fnu
main(_) ->
    io:format("a backslash: \\, a tab:\t, a quote: \", a dollar: $HOME, `ticks`~n"),
    io:format("~s~n", [re:replace("name@example", "(\\w+)@(\\w+)", "\\2 of \\1", [{return, list}])]).
END
escript "$TMPDIR/here.escript"

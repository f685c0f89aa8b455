#!/usr/bin/env elixir
# Counts the words of each line of TEXT at the same time, and then all of them.
counted = fn text -> text |> String.downcase() |> String.split(~r/\W+/u, trim: true) |> Enum.frequencies() end

System.fetch_env!("TEXT")
|> String.split("\n")
|> Task.async_stream(counted)
|> Enum.reduce(%{}, fn {:ok, some}, all -> Map.merge(all, some, fn _, a, b -> a + b end) end)
|> Enum.sort_by(fn {word, count} -> {-count, word} end)
|> Enum.each(fn {word, count} -> IO.puts("#{count}\t#{word}") end)

"""What the commands do: each a function from a request to a result. Nothing here prints, prompts or exits."""

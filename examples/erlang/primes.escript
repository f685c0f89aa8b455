#!/usr/bin/env escript
%% Prints the primes up to LAST: each is found by a process of its own.
main(_) ->
    Parent = self(),
    Last = list_to_integer(os:getenv("LAST")),
    [spawn(fun() -> Parent ! {N, is_prime(N)} end) || N <- lists:seq(2, Last)],
    Primes = [N || N <- lists:seq(2, Last), receive {N, Yes} -> Yes end],
    io:format("~w primes up to ~w\n~w\n", [length(Primes), Last, Primes]).

is_prime(N) -> not lists:any(fun(D) -> N rem D =:= 0 end, lists:seq(2, trunc(math:sqrt(N)))).

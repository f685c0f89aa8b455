"""`scar run -es`: one call for each object of a bucket, none of them twice.

    BatchRequest, checked: Job                                  (request)
      │
    Journal ─ what was sent, on disk before and after it is     (journal)
      │
    Plan ─ what is under input/, and what was sent before       (plan, listing)
      │
    First ─ one call that is waited for: it fetches the image   (first)
    Launcher ─ the others, some at once, not waited for         (launching)
      │
    Follower ─ how each ended, out of the function's log        (following, attempts)
      │
    Board ─ what is known of each file                          (board)
      ▼
    Summary                                                     (run)

`run` puts these together. What "once" rests on: no request is repeated that may have been carried out. Only
what Lambda refused for the moment (429), and what could not be sent at all, is sent again. A request whose
answer was lost is told as "may have been sent".
"""

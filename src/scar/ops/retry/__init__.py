"""`scar retry`: events that failed for good are sent again, out of the records that Lambda kept of them.

    destination ─ where the function's records are kept     (destination)
      │
    records ─ in a bucket or a queue, those of the function (records, record)
      │
    retry ─ each sent, and removed once Lambda has it       (retry)

Killed between the two, a record stays whose event was sent: an event is sent at least once, not exactly once.
"""

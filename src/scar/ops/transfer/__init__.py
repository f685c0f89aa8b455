"""`scar put` and `scar get`: files and folders to a bucket and back, under exactly their names.

    Address ─ BUCKET[/PREFIX]                                   (address)
      │
      ├─ put: Tree ─ files under LOCAL, each with its key       (tree)
      │       what of them is in the bucket already             (put)
      │
      ├─ get: objects under PREFIX, each with its path          (plan)
      │       Target ─ the folder that nothing leaves           (target)
      ▼
    Mover ─ one file each at a time, some at once               (moving)
      │  content ─ whether an object is a file's content        (content)
      ▼
    Tally ─ what became of each: moved, there already, failed   (tally)

A key is PREFIX and the file's path under LOCAL, nothing else: what cannot be said so is refused or told as
failed, never bent. What is at its place with the same content is not moved again, so that the same command
goes on where it was stopped.
"""

"""What an image is, and how it can be run, found out without running or storing it.

``skeleton`` streams the layers once and keeps a tree of names, ``start`` and ``facts`` ask it what the
function will ask the real tree, ``modes`` says which execution modes can run it, ``advice`` which memory and
/tmp it wants.
"""

"""From the name of a container image to a verified tree on disk.

``reference`` reads what the user typed, ``registry`` turns it into a manifest for one platform, ``store``
pulls the layers in one streaming pass and finds the tree again. The rest serves these three. Standard library
only.
"""

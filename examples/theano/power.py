#!/usr/bin/env python3
"""The expression a + a**20, as symbols and then for numbers."""

import logging
import os
import warnings

# There is no compiler in the image, so Theano computes with NumPy, and need not warn of that.
warnings.filterwarnings("ignore", ".*no c\\+\\+ compiler")
os.environ["THEANO_FLAGS"] = f"cxx=,base_compiledir={os.environ['TMPDIR']}"
logging.getLogger("theano.tensor.blas").setLevel(logging.ERROR)

import theano  # noqa: E402
import theano.tensor as T  # noqa: E402, N812

a = T.lvector("a")
b = a + a**20
print("b =", theano.pp(b))
print("b([0, 1, 2]) =", theano.function([a], b)([0, 1, 2]))

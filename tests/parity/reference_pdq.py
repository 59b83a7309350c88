"""Computes PDQ hashes with the package pdqhash, in whose environment this runs.

Argument: an .npz of pictures. stdout: the hexadecimal digits and the quality of each, in JSON.
"""

import json
import sys

import numpy as np
import pdqhash

if __name__ == "__main__":
    answers = []
    for picture in np.load(sys.argv[1]).values():
        bits, quality = pdqhash.compute(picture)
        answers.append([np.packbits(bits.astype(np.uint8)).tobytes().hex(), quality])
    json.dump(answers, sys.stdout)

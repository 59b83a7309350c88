"""Says which points of a picture PDQ makes a hash of."""

SIDE = 64
WINDOWS = 2 * SIDE
"""So many windows lie beside each other in a picture."""
MIN_SIDE = 5
"""There is no hash of a picture that has fewer pixels on a side."""
BYTES = SIDE * SIDE * 4
"""Of the points of one picture: numbers from 0 to 255 in 32 bits, row by row."""

import os

__version__ = "0.1.0"

# ONNX Runtime's published builds report to their maker and keep an identifier on disk, unless this is set
# before it is imported.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
# Nor start threads for numpy's matrices, which are small here: that takes a tenth of a cold start.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

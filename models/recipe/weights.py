"""safetensors files, read and written without the package."""
import json
import struct
from pathlib import Path

import numpy as np
import torch


def write_safetensors(path, tensors, metadata):
    """Writes float16 tensors."""
    header, blobs, at = {"__metadata__": metadata}, [], 0
    for name, t in tensors.items():
        blob = t.contiguous().numpy().tobytes()
        header[name] = {"dtype": "F16", "shape": list(t.shape), "data_offsets": [at, at + len(blob)]}
        blobs.append(blob)
        at += len(blob)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    Path(path).write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def read_safetensors(path):
    """Reads float16 and float32 tensors, as float32."""
    raw = Path(path).read_bytes()
    size = struct.unpack("<Q", raw[:8])[0]
    kinds = {"F16": np.float16, "F32": np.float32}
    out = {}
    for name, t in json.loads(raw[8:8 + size]).items():
        if name != "__metadata__":
            a, b = t["data_offsets"]
            values = np.frombuffer(raw[8 + size + a:8 + size + b], kinds[t["dtype"]])
            out[name] = torch.from_numpy(values.astype(np.float32).reshape(t["shape"]))
    return out

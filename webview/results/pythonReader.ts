/** A program that reads a file of results into pandas and numpy. */

/** @param file the name of the results file, in the folder the program runs in */
export const pythonReader = (file: string): string => `import json
from pathlib import Path

import numpy as np
import pandas as pd

file = Path(${JSON.stringify(file)})
rows, tags = {}, {}
with file.open(encoding="utf-8") as lines:
    header = json.loads(next(lines))
    for line in lines:
        if not line.endswith("\\n"):
            break  # the job is still writing it
        row = json.loads(line)
        if "tag" in row:
            tags[row["id"]] = row["tag"]
        else:
            rows[row["id"]] = row  # the last one of an id holds

table = pd.DataFrame.from_records(list(rows.values()))
best = table["predictions"].map(lambda p: p[0] if isinstance(p, list) and p else {})
table["predicted"] = best.map(lambda p: p.get("label"))
table["probability"] = best.map(lambda p: p.get("probability"))
table["tag"] = table["id"].map(tags)

if header["embeddings"]:
    length = header["embeddings"]["length"]
    embeddings = np.fromfile(file.with_name(header["embeddings"]["file"]), dtype="<f4")
    embeddings = embeddings[: len(embeddings) // length * length].reshape(-1, length)
    # embeddings[int(table["embedding"][i])] is that of row i

print(table[["id", "predicted", "probability", "tag"]])
`;

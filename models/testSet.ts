/** CIFAR-10's test set as the recipe has it: JPEG files in one .npz. */
import { readFileSync } from 'node:fs';
import { unzipSync } from 'fflate';

export interface TestSet {
  jpegs: Uint8Array[];
  labels: Uint8Array;
}

/** The npz of the recipe: `data` all JPEG files end to end, `offsets` int64 (n + 1), `labels`, `is_test` uint8. */
export function readTestSet(file: string, limit: number): TestSet {
  const entries = unzipSync(readFileSync(file));
  const array = (name: string): Uint8Array => {
    const bytes = entries[`${name}.npy`];
    if (bytes === undefined) throw new Error(`${file} holds no array ${name}`);
    const header = new DataView(bytes.buffer, bytes.byteOffset).getUint16(8, true);
    return bytes.slice(10 + header);
  };
  const data = array('data');
  const offsets = new BigInt64Array(array('offsets').buffer);
  const labels = array('labels');
  const isTest = array('is_test');
  const indices = [...labels.keys()].filter((i) => isTest[i] === 1).slice(0, limit);
  return {
    jpegs: indices.map((i) => data.subarray(Number(offsets[i]), Number(offsets[i + 1]))),
    labels: Uint8Array.from(indices, (i) => labels[i] ?? 0),
  };
}

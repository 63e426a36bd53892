import { whyUnreadable } from '../errors/fileRefusal';
import { firstNonFinite, placeIn } from '../files/finite';
import { isLfsPointer, LFS_REASON } from '../files/lfsPointer';
import { readNpy, type NpyArray } from '../files/npy';
import { readRegularFile } from '../files/regularFile';

/** 128 pictures of 1024 x 1024 in float32 are 1.5 GiB. */
const MAX_INPUT_BYTES = 2 ** 31;

/** The .npy file of --input. Throws an Error whose sentence names the file when it is none, or holds values that are not numbers. */
export async function readTensor(file: string): Promise<NpyArray> {
  const bytes = await readRegularFile(file, MAX_INPUT_BYTES).catch((error: unknown) => {
    throw new Error(whyUnreadable(file, error).message);
  });
  if (isLfsPointer(bytes)) throw new Error(`${file} ${LFS_REASON.message}.`);
  const array = parse(file, bytes);
  const at = firstNonFinite(array.values);
  if (at < 0) return array;
  const place = placeIn(array.shape, at);
  throw new Error(`${file} holds a value that is not a number (${array.values[at]}), at ${place}.`);
}

/** The same array, as a batch of pictures. Throws an Error when it is none. */
export function asPictures(file: string, array: NpyArray): NpyArray {
  const { shape } = array;
  if (shape.length === 4) return array;
  throw new Error(`${file} has shape (${shape.join(', ')}), but the input is (B, C, H, W).`);
}

function parse(file: string, bytes: Uint8Array): NpyArray {
  try {
    return readNpy(bytes);
  } catch (error) {
    throw new Error(`${file} ${(error as Error).message}.`, { cause: error });
  }
}

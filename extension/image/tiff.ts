/** What a TIFF's first directory says, where libvips refuses what others read. https://www.adobe.io/open/standards/TIFF.html */
import { FileFault } from '../errors/fileFault';
import { sentence } from '../errors/sentence';

const ORIENTATION = 274;
const PHOTOMETRIC = 262;
const SAMPLE_FORMAT = 339;
const FLOAT_SAMPLES = 3;
/** CIE L*a*b*, ICC and ITU L*a*b* */
const LAB = [8, 9, 10];
const SHORT = 3;

/**
 * The same TIFF with an orientation that is one: 0 and 9 stand for upright, as Pillow and browsers take them.
 * Bytes of another kind come back as they are. Throws for colours that nothing here turns into RGB.
 */
export function readableTiff(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 16) return bytes;
  const order = view.getUint16(0);
  const little = order === 0x4949;
  if (!little && order !== 0x4d4d) return bytes;
  const version = view.getUint16(2, little);
  if (version !== 42 && version !== 43) return bytes;
  const big = version === 43;
  const at = big ? Number(view.getBigUint64(8, little)) : view.getUint32(4, little);
  const [countBytes, entryBytes, valueAt] = big ? [8, 20, 12] : [2, 12, 8];
  if (at + countBytes > bytes.length) return bytes;
  const count = big ? Number(view.getBigUint64(at, little)) : view.getUint16(at, little);
  const values = new Map<number, { value: number; place: number }>();
  for (let i = 0; i < Math.min(count, 1000); i++) {
    const entry = at + countBytes + i * entryBytes;
    if (entry + entryBytes > bytes.length) break;
    if (view.getUint16(entry + 2, little) !== SHORT) continue;
    const place = entry + valueAt;
    values.set(view.getUint16(entry, little), { value: view.getUint16(place, little), place });
  }
  const photometric = values.get(PHOTOMETRIC)?.value ?? 2;
  if (LAB.includes(photometric) && values.get(SAMPLE_FORMAT)?.value !== FLOAT_SAMPLES)
    throw new FileFault(sentence('is a TIFF in CIE LAB colours, which are not supported: save it as RGB'));
  const orientation = values.get(ORIENTATION);
  if (orientation === undefined || (orientation.value >= 1 && orientation.value <= 8)) return bytes;
  const upright = Uint8Array.from(bytes);
  new DataView(upright.buffer).setUint16(orientation.place, 1, little);
  return upright;
}

/** Writes NumPy's .npy format, version 1.0: little-endian float32 in row-major order. No Node: the webview saves files with it too. */

/** Before the version in every .npy file. */
export const NPY_MAGIC = '\x93NUMPY';

/** Header of a float32 file of that shape, padded with spaces to a multiple of 64 bytes as NumPy does. */
export function npyHeader(shape: readonly number[]): Uint8Array {
  const sides = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${sides}), }`;
  const padding = ' '.repeat(63 - ((10 + text.length) % 64));
  const characters = `${NPY_MAGIC}\x01\x00\0\0${text}${padding}\n`;
  const header = Uint8Array.from(characters, (character) => character.charCodeAt(0));
  new DataView(header.buffer).setUint16(8, header.length - 10, true);
  return header;
}

/** Values as the bytes of a file's body; on a little-endian machine a view of them. */
export function npyBody(values: Float32Array): Uint8Array {
  if (new Uint8Array(new Uint16Array([1]).buffer)[0] === 1) {
    return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  }
  const view = new DataView(new ArrayBuffer(values.byteLength));
  values.forEach((value, i) => view.setFloat32(4 * i, value, true));
  return new Uint8Array(view.buffer);
}

/** A whole file. */
export function writeNpy(shape: readonly number[], values: Float32Array): Uint8Array {
  const header = npyHeader(shape);
  const file = new Uint8Array(header.length + values.byteLength);
  file.set(header);
  file.set(npyBody(values), header.length);
  return file;
}

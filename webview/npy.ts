/** NumPy's .npy format, version 1.0, little-endian float32 in C order. */
export function npy(shape: readonly number[], values: Float32Array): Uint8Array {
  const dimensions = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${dimensions}), }`;
  // magic (6) + version (2) + length (2) + header + newline is a multiple of 64
  const padded = `${text}${' '.repeat((64 - ((10 + text.length + 1) % 64)) % 64)}\n`;
  const file = new Uint8Array(10 + padded.length + values.length * 4);
  file.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]);
  const view = new DataView(file.buffer);
  view.setUint16(8, padded.length, true);
  file.set(new TextEncoder().encode(padded), 10);
  values.forEach((value, i) => view.setFloat32(10 + padded.length + i * 4, value, true));
  return file;
}

/** float16, which model files and arrays hold and JavaScript has no type for. */

/** The float32 pattern of the number that an IEEE 754 binary16 pattern stands for. */
export function halfToFloatBits(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >> 10) & 0x1f;
  let mantissa = half & 0x3ff;
  if (exponent === 0x1f) return sign | 0x7f800000 | (mantissa << 13);
  if (exponent !== 0) return sign | ((exponent + 112) << 23) | (mantissa << 13);
  if (mantissa === 0) return sign;
  // subnormal: shift until the implicit bit appears
  let shift = 113;
  while ((mantissa & 0x400) === 0) {
    mantissa <<= 1;
    shift--;
  }
  return sign | (shift << 23) | ((mantissa & 0x3ff) << 13);
}

const scratch = new DataView(new ArrayBuffer(4));

/** The number itself. */
export function halfToNumber(half: number): number {
  scratch.setUint32(0, halfToFloatBits(half));
  return scratch.getFloat32(0);
}

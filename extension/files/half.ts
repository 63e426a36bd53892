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

/** The binary16 pattern nearest to a number, halves to even, as IEEE 754 rounds; too large becomes infinite. */
export function toHalf(value: number): number {
  scratch.setFloat32(0, value);
  const bits = scratch.getUint32(0);
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  // 65520 and above round to infinity
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude < 0x38800000) {
    // subnormal: in units of 2^-24
    return sign | roundHalfEven(Math.abs(value) * 2 ** 24);
  }
  const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
  return sign | ((rounded - 0x38000000) >>> 13);
}

function roundHalfEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}

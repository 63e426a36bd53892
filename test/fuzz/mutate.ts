/** Makes hostile inputs of good ones: bytes, text, and values that keep the form of what a file holds. */
import type { Random } from './random';

const HOSTILE_NUMBERS = [
  ...[0, -0, 1, -1, 2, 3, 7, 16, 0.5, -0.5, 1e-308, 1e308, -1e308, Infinity, NaN],
  ...[255, 256, 65_535, 65_536, 16_777_217, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, 2 ** 53, 2 ** 63],
];

const HOSTILE_TEXTS = [
  ...[
    '',
    ' ',
    '\0',
    '\u001b[2J',
    '\u202e',
    '\ud800',
    '..',
    '../../etc/passwd',
    '/dev/zero',
    '\\\\host\\share\\x',
    'C:\\x',
  ],
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', '%s%n', '[a](command:x)', '{0}', '<img onerror=x>'],
  ...['NaN', '1e400', 'null', 'true', '[1, 2]', '０', 'Ａ', '🙂'.repeat(40)],
];

/** Some bytes changed, left out, said twice or put elsewhere; small numbers among them become large ones. */
export function mutateBytes(random: Random, good: Uint8Array, from = 0): Uint8Array {
  let bytes: Uint8Array = Uint8Array.from(good);
  for (let n = 1 + random.below(6); n > 0 && bytes.length > from; n--) {
    const at = from + random.below(bytes.length - from);
    const length = Math.min(bytes.length - at, 1 + random.below(random.chance(0.2) ? 4096 : 16));
    switch (random.below(8)) {
      case 0:
        bytes[at]! ^= 1 << random.below(8);
        break;
      case 1:
        bytes[at] = random.of([0, 1, 0x7f, 0x80, 0xff]);
        break;
      case 2:
        for (let i = 0; i < length; i++) bytes[at + i] = random.below(256);
        break;
      case 3:
        bytes = bytes.slice(0, at);
        break;
      case 4:
        bytes = spliced(bytes, at, at + length, new Uint8Array());
        break;
      case 5:
        bytes = spliced(bytes, at, at, bytes.slice(at, at + length));
        break;
      case 6:
        bytes.copyWithin(from + random.below(bytes.length - from), at, at + length);
        break;
      default: {
        const view = new DataView(bytes.buffer, bytes.byteOffset);
        if (at + 8 > bytes.length) break;
        const value = BigInt(random.of([0, 1, 2 ** 16, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 53, 2 ** 62]));
        if (random.chance(0.5)) view.setBigUint64(at, value, random.chance(0.7));
        else view.setUint32(at, Number(BigInt.asUintN(32, value)), random.chance(0.7));
      }
    }
  }
  return bytes;
}

function spliced(bytes: Uint8Array, from: number, to: number, inserted: Uint8Array): Uint8Array {
  const all = new Uint8Array(from + inserted.length + bytes.length - to);
  all.set(bytes.subarray(0, from));
  all.set(inserted, from);
  all.set(bytes.subarray(to), from + inserted.length);
  return all;
}

/** A value of JSON with some places of it changed: numbers, texts, kinds, keys, and what is nested. */
export function mutateValue(random: Random, good: unknown): unknown {
  let value = structuredClone(good);
  for (let n = 1 + random.below(4); n > 0; n--) {
    const places = placesOf(value);
    if (places.length === 0) return hostile(random, value);
    const { of, key } = random.of(places);
    const holder = of as Record<string | number, unknown>;
    switch (random.below(8)) {
      case 0:
        if (Array.isArray(of)) of.splice(Number(key), 1);
        else Reflect.deleteProperty(of, key);
        break;
      case 1:
        if (Array.isArray(of)) for (let i = 1 + random.below(40); i > 0; i--) of.push(structuredClone(of[Number(key)]));
        else define(holder, random.of(HOSTILE_TEXTS), structuredClone(holder[key]));
        break;
      case 2: {
        const other = random.of(placesOf(value));
        holder[key] = structuredClone((other.of as Record<string | number, unknown>)[other.key]);
        break;
      }
      default:
        holder[key] = hostile(random, holder[key]);
    }
    if (random.chance(0.01)) value = nested(random, value);
  }
  return value;
}

function hostile(random: Random, value: unknown): unknown {
  if (random.chance(0.15)) return random.of([null, true, false, [], {}, '', 0, [[]], [null], { a: [] }]);
  switch (typeof value) {
    case 'number':
      return random.chance(0.7)
        ? random.of(HOSTILE_NUMBERS)
        : random.of([value + 1, value - 1, -value, value * 2, value / 3, value * 2 ** random.below(60), String(value)]);
    case 'string':
      return random.chance(0.3)
        ? value.slice(0, random.below(value.length + 1)) + random.of(HOSTILE_TEXTS)
        : random.of([
            ...HOSTILE_TEXTS,
            value.toUpperCase(),
            value.repeat(1 + random.below(200)),
            random.of(HOSTILE_NUMBERS),
          ]);
    case 'boolean':
      return random.of([!value, 'true', 0, 1, null]);
    default:
      return random.of([...HOSTILE_NUMBERS, ...HOSTILE_TEXTS]);
  }
}

function nested(random: Random, value: unknown): unknown {
  let all = value;
  for (let depth = random.below(300); depth > 0; depth--) all = random.chance(0.5) ? [all] : { a: all };
  return all;
}

/** Also for '__proto__', which an assignment would not make. */
const define = (of: object, key: string, value: unknown) =>
  Object.defineProperty(of, key, { value, enumerable: true, configurable: true, writable: true });

interface Place {
  of: object;
  key: string | number;
}

/** Every place of a value that holds another one; those of very many are a part. */
function placesOf(value: unknown, most = 2000): Place[] {
  const places: Place[] = [];
  const waiting = [value];
  while (waiting.length > 0 && places.length < most) {
    const next = waiting.pop();
    if (typeof next !== 'object' || next === null || ArrayBuffer.isView(next)) continue;
    for (const key of Array.isArray(next) ? next.keys() : Object.keys(next)) {
      places.push({ of: next, key });
      waiting.push((next as Record<string | number, unknown>)[key]);
    }
  }
  return places;
}

/** As JSON has it, and now and then as it does not: NaN, commas at the end, comments, a byte order mark. */
export function jsonText(random: Random, value: unknown): string {
  const text =
    JSON.stringify(value, (_, each: unknown) =>
      typeof each === 'number' && !Number.isFinite(each) ? `\u0001${each}` : each,
    ) ?? 'null';
  const loose = text.replace(/"\\u0001(-?Infinity|NaN)"/g, () =>
    random.of(['NaN', 'Infinity', '1e999', '-1e999', 'null']),
  );
  if (random.chance(0.95)) return loose;
  // deeper than a value can be
  const depth = random.below(100_000);
  return random.of([
    `\ufeff${loose}`,
    `// ${'x'.repeat(100)}\n${loose}`,
    loose.slice(0, -1),
    `${loose}${loose}`,
    loose.replace(/}/g, ',}'),
    '['.repeat(depth) + loose + ']'.repeat(random.below(depth + 1)),
  ]);
}

/**
 * Small run-time checks that compose into a check of a whole message. A check returns null when the value is good,
 * otherwise what is wrong with it, as the end of a sentence that starts with the field's name.
 */

export type Check<T> = ((value: unknown) => string | null) & {
  /** Ties a check to the type it checks: never set, only read by the compiler. */
  readonly checks?: T;
};

export function integer(min: number, max: number): Check<number> {
  return (value) =>
    Number.isInteger(value) && (value as number) >= min && (value as number) <= max
      ? null
      : `must be an integer from ${min} to ${max}`;
}

export function number(min: number, max: number): Check<number> {
  return (value) =>
    typeof value === 'number' && value >= min && value <= max ? null : `must be a number from ${min} to ${max}`;
}

export const boolean: Check<boolean> = (value) => (typeof value === 'boolean' ? null : 'must be true or false');

export function text(maxLength: number, pattern?: RegExp): Check<string> {
  return (value) => {
    if (typeof value !== 'string') return 'must be a text';
    if (value.length > maxLength) return `must have at most ${maxLength} characters`;
    return pattern && !pattern.test(value) ? `must match ${pattern.source}` : null;
  };
}

export function literal<const T extends readonly (string | number | null)[]>(...allowed: T): Check<T[number]> {
  return (value) => ((allowed as readonly unknown[]).includes(value) ? null : `must be one of ${allowed.join(', ')}`);
}

export function uint8Array(maxLength: number): Check<Uint8Array> {
  return (value) =>
    value instanceof Uint8Array && value.length <= maxLength ? null : `must be at most ${maxLength} bytes`;
}

export function uint32Array(maxLength: number): Check<Uint32Array> {
  return (value) =>
    value instanceof Uint32Array && value.length <= maxLength ? null : `must be at most ${maxLength} 32-bit integers`;
}

export function float32Array(maxLength: number): Check<Float32Array> {
  return (value) =>
    value instanceof Float32Array && value.length <= maxLength ? null : `must be at most ${maxLength} 32-bit numbers`;
}

/** At most so many of a kind. */
export function list<T>(check: Check<T>, most: number): Check<T[]> {
  return (value) => {
    if (!Array.isArray(value) || value.length > most) return `must be a list of at most ${most}`;
    for (const item of value) {
      const wrong = check(item);
      if (wrong !== null) return `has an item that ${wrong}`;
    }
    return null;
  };
}

/** That, or null. */
export function nullable<T>(check: Check<T>): Check<T | null> {
  return (value) => (value === null ? null : check(value));
}

/** Every field has its check, and there are no other fields: a field added to T without a check does not compile. */
export function record<T extends object>(fields: { [K in keyof T]-?: Check<T[K]> }): Check<T> {
  const checks = Object.entries<Check<unknown>>(fields);
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'must be an object';
    for (const key of Object.keys(value)) {
      if (!Object.hasOwn(fields, key)) return `has an unknown field ${JSON.stringify(key.slice(0, 40))}`;
    }
    for (const [name, check] of checks) {
      const wrong = check((value as Record<string, unknown>)[name]);
      if (wrong !== null) return `${name} ${wrong}`;
    }
    return null;
  };
}

/** An object whose `tag` field says which of the variants it is. */
export function variant<T extends object, Tag extends keyof T & string>(
  tag: Tag,
  variants: { [K in T[Tag] & string]: Check<Extract<T, Record<Tag, K>>> },
): Check<T> {
  return (value) => {
    if (typeof value !== 'object' || value === null) return 'must be an object';
    const name = (value as Record<string, unknown>)[tag];
    if (typeof name !== 'string' || !Object.hasOwn(variants, name)) {
      return `${tag} must be one of ${Object.keys(variants).join(', ')}`;
    }
    return variants[name as T[Tag] & string](value);
  };
}

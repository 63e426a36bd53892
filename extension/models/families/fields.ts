/** Reads a config's fields by type; what is there and has the wrong type is refused by name, never guessed at. */
import { ModelError } from '../../errors/modelError';
import { isObject } from '../files/safetensors';

/** More blocks than any model has; a list of all their tensors is made before one is looked at. */
export const MOST_BLOCKS = 1000;

export class Fields {
  constructor(
    /** What messages call this: a file name. */
    readonly source: string,
    private readonly values: Record<string, unknown>,
    private readonly path = '',
  ) {}

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  /** null counts as not given, as in Python's `None` defaults. */
  get(name: string): unknown {
    const value = Object.hasOwn(this.values, name) ? this.values[name] : undefined;
    return value === null ? undefined : value;
  }

  names(): string[] {
    return Object.keys(this.values);
  }

  refuse(name: string, expected: string): ModelError {
    const value = JSON.stringify(this.get(name)) ?? 'nothing';
    const shown = value.length > 60 ? `${value.slice(0, 60)}…` : value;
    return new ModelError('config', `${this.source}: "${this.path}${name}" should be ${expected}, not ${shown}.`, name);
  }

  number(name: string): number | undefined {
    const value = this.get(name);
    if (value === undefined) return undefined;
    if (typeof value !== 'number' || !Number.isFinite(value)) throw this.refuse(name, 'a number');
    return value;
  }

  /** A whole number in a range; the default's upper end keeps every product of two exact. */
  size(name: string, least = 1, most = 1e7): number | undefined {
    const value = this.number(name);
    if (value === undefined) return undefined;
    if (!Number.isInteger(value) || value < least || value > most) {
      throw this.refuse(name, `a whole number from ${least} to ${most}`);
    }
    return value;
  }

  /** `224` or `[224, 160]`: height and width. */
  pair(name: string): [height: number, width: number] | undefined {
    const value = this.get(name);
    if (value === undefined) return undefined;
    const pair = Array.isArray(value) ? value : [value, value];
    if (pair.length !== 2 || !pair.every((side) => Number.isInteger(side) && side > 0 && side <= 1e6)) {
      throw this.refuse(name, 'a size in pixels or [height, width]');
    }
    return pair as [number, number];
  }

  flag(name: string): boolean | undefined {
    const value = this.get(name);
    if (value === undefined) return undefined;
    if (typeof value !== 'boolean') throw this.refuse(name, 'true or false');
    return value;
  }

  text(name: string): string | undefined {
    const value = this.get(name);
    if (value === undefined) return undefined;
    if (typeof value !== 'string') throw this.refuse(name, 'a string');
    return value;
  }

  /** A string, or '' for anything else: for recognising, where a wrong type only means "not this one". */
  word(name: string): string {
    const value = this.get(name);
    return typeof value === 'string' ? value : '';
  }

  /** A name from a table; case, underscores and a module before it ("nn.GELU") do not matter. */
  oneOf<T>(name: string, table: Record<string, T>): T | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const wanted = plain(value);
    const found = Object.entries(table).find(([key]) => plain(key) === wanted);
    if (!found) throw this.refuse(name, `one of ${Object.keys(table).join(', ')}`);
    return found[1];
  }

  numbers(name: string, length?: number): number[] | undefined {
    const value = this.get(name);
    if (value === undefined) return undefined;
    const valid = Array.isArray(value) && value.every((item) => typeof item === 'number' && Number.isFinite(item));
    if (!valid || (length !== undefined && value.length !== length)) {
      throw this.refuse(name, `a list of ${length === undefined ? '' : `${length} `}numbers`);
    }
    return value as number[];
  }

  /** A nested object; empty when absent. */
  inner(name: string): Fields {
    const value = this.get(name);
    if (value !== undefined && !isObject(value)) throw this.refuse(name, 'an object');
    return new Fields(this.source, value ?? {}, `${this.path}${name}.`);
  }

  /** `changes` over these fields. */
  with(changes: Record<string, unknown>): Fields {
    return new Fields(this.source, { ...this.values, ...changes }, this.path);
  }

  /** Only these fields. */
  only(names: string[]): Record<string, unknown> {
    return Object.fromEntries(names.filter((name) => this.has(name)).map((name) => [name, this.get(name)]));
  }

  /** These fields over `base`'s. */
  over(base: Record<string, unknown>): Fields {
    const set = Object.fromEntries(Object.entries(this.values).filter(([, value]) => value !== null));
    return new Fields(this.source, { ...base, ...set }, this.path);
  }
}

const plain = (name: string) => name.replace(/^.*\./, '').replace(/[_-]/g, '').toLowerCase();

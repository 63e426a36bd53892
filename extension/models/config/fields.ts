/** Reads a config's fields by type; what is there and has the wrong type is refused by name, never guessed at. */
import { LARGEST_FLOAT } from '../../architecture/bounds';
import { LIMITS, type LimitName } from '../../architecture/limits';
import type { ModelError } from '../../errors/modelError';
import { ConfigError } from '../../errors/configError';
import { isObject } from '../files/safetensors';
import { either, sentence, type Sentence } from '../../errors/sentence';

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

  refuse(name: string, expected: Sentence): ModelError {
    const value = JSON.stringify(this.get(name));
    const shown = value === undefined ? sentence('nothing') : value.length > 60 ? `${value.slice(0, 60)}…` : value;
    return new ConfigError(
      'config',
      this.source,
      sentence('"{0}{1}" should be {2}, not {3}', this.path, name, expected, shown),
      name,
    );
  }

  /** A number that float32 can hold, in a range where one is given. */
  number(name: string, least = -LARGEST_FLOAT, most = LARGEST_FLOAT): number | undefined {
    const value = this.get(name);
    if (value === undefined) return undefined;
    if (!within(value, least, most)) {
      throw this.refuse(
        name,
        most === LARGEST_FLOAT ? sentence('a number') : sentence('a number from {0} to {1}', least, most),
      );
    }
    return value;
  }

  /** A whole number up to a limit of native/limits.json, or another one. */
  size(name: string, limit: LimitName | number, least = 1): number | undefined {
    const most = typeof limit === 'number' ? limit : LIMITS[limit];
    const value = this.get(name);
    if (value === undefined) return undefined;
    if (typeof value !== 'number') throw this.refuse(name, sentence('a number'));
    if (!isSize(value, most, least)) throw this.refuse(name, sentence('a whole number from {0} to {1}', least, most));
    return value;
  }

  /** `224` or `[224, 160]`: height and width. */
  pair(name: string): [height: number, width: number] | undefined {
    const value = this.get(name);
    if (value === undefined) return undefined;
    const pair: unknown[] = Array.isArray(value) ? value : [value, value];
    if (pair.length !== 2 || !pair.every((side) => isSize(side, LIMITS.side))) {
      throw this.refuse(name, sentence('a size in pixels or [height, width], each at most {0}', LIMITS.side));
    }
    return pair as [number, number];
  }

  /** `[3, 224, 224]`: channels, height and width. */
  imageSize(name: string): [channels: number, height: number, width: number] | undefined {
    const value = this.get(name);
    if (value === undefined) return undefined;
    const most = [LIMITS.channels, LIMITS.side, LIMITS.side];
    if (!Array.isArray(value) || value.length !== 3 || !most.every((limit, i) => isSize(value[i], limit))) {
      throw this.refuse(name, sentence('[channels, height, width], whole numbers from 1 to {0}', most.join(', ')));
    }
    return value as [number, number, number];
  }

  flag(name: string): boolean | undefined {
    const value = this.get(name);
    if (value === undefined) return undefined;
    if (typeof value !== 'boolean') throw this.refuse(name, sentence('true or false'));
    return value;
  }

  text(name: string): string | undefined {
    const value = this.get(name);
    if (value === undefined) return undefined;
    if (typeof value !== 'string') throw this.refuse(name, sentence('a string'));
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
    if (!found) throw this.refuse(name, sentence('one of {0}', Object.keys(table).join(', ')));
    return found[1];
  }

  /** As many numbers as one of `lengths` says, each in the range. */
  numbers(name: string, lengths: number[], least: number, most: number): number[] | undefined {
    const value = this.get(name);
    if (value === undefined) return undefined;
    // one number for a list of one
    const list: unknown = typeof value === 'number' && lengths.includes(1) ? [value] : value;
    const valid = Array.isArray(list) && lengths.includes(list.length);
    if (!valid || !list.every((item) => within(item, least, most))) {
      const counts = either([...new Set(lengths)]);
      throw this.refuse(name, sentence('a list of {0} numbers from {1} to {2}', counts, least, most));
    }
    return list;
  }

  /** Whether `inner` would not refuse it. */
  holdsObject(name: string): boolean {
    return isObject(this.get(name));
  }

  /** A nested object; empty when absent. */
  inner(name: string): Fields {
    const value = this.get(name);
    if (value !== undefined && !isObject(value)) throw this.refuse(name, sentence('an object'));
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

  /**
   * Arguments of timm's constructors: what stands in model_args, over those of `names` that people write beside it, over what is implied
   * (by an architecture's name, or by the tensors). null in model_args is Python's None: the constructor's own default, whatever is implied.
   */
  modelArguments(names: string[], implied: Record<string, unknown> = {}): Fields {
    const own = this.inner('model_args');
    const others = Object.entries({ ...implied, ...this.only(names) }).filter(([name]) => own.values[name] !== null);
    return own.over(Object.fromEntries(others));
  }

  /** These fields over `base`'s. */
  over(base: Record<string, unknown>): Fields {
    const set = Object.fromEntries(Object.entries(this.values).filter(([, value]) => value !== null));
    return new Fields(this.source, { ...base, ...set }, this.path);
  }
}

const within = (value: unknown, least: number, most: number): value is number =>
  typeof value === 'number' && value >= least && value <= most;

const isSize = (value: unknown, most: number, least = 1): value is number =>
  within(value, least, most) && Number.isInteger(value);

const plain = (name: string) => name.replace(/.*\./, '').replace(/[_-]/g, '').toLowerCase();

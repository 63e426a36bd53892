import { createReadStream } from 'node:fs';
import { Unreadable } from '../errors';

/** Longer than any path. */
const MOST_BYTES = 65_536;

/** Names of a list, '-' for standard input: with a line break after each, or, where there is one, with NUL (find -print0). */
export async function* namesFrom(list: string): AsyncGenerator<string> {
  const stream: AsyncIterable<Buffer> = list === '-' ? process.stdin : createReadStream(list);
  let separator: number | null = null;
  let held = Buffer.alloc(0);
  try {
    for await (const piece of stream) {
      held = Buffer.concat([held, piece]);
      // what comes first decides
      separator ??= held.includes(0) ? 0 : held.includes(10) ? 10 : null;
      for (let end = separator === null ? -1 : held.indexOf(separator); end >= 0; end = held.indexOf(separator!)) {
        yield* nameIn(held.subarray(0, end));
        held = held.subarray(end + 1);
      }
      if (held.length > MOST_BYTES)
        throw new Unreadable(`${list} is no list of files: it holds a name without an end.`);
    }
  } catch (error) {
    if (error instanceof Unreadable) throw error;
    throw new Unreadable(`${list} cannot be read: ${(error as Error).message}`);
  }
  yield* nameIn(held);
}

function* nameIn(bytes: Buffer): Generator<string> {
  const name = bytes.toString('utf8').replace(/\r$/, '');
  if (name !== '') yield name;
}

/** --stdin-jsonl: a line a picture on standard input, a line a picture on standard output, in the same order. */
import path from 'node:path';
import { createInterface } from 'node:readline';
import { sentence } from '../../errors/sentence';
import type { JobPicture } from '../../jobs/picture';

/** A picture in base64 has a bound, too. */
const MOST_CHARACTERS = 400 * 2 ** 20;

/** `{"image": "path"}`, with an `id` where that is to come back, or with `bytes`, the file in base64. */
export async function* picturesFromLines(input: NodeJS.ReadableStream): AsyncGenerator<JobPicture> {
  let number = 0;
  for await (const line of createInterface({ input, crlfDelay: Infinity })) {
    number++;
    if (line.trim() !== '') yield pictureOf(line, String(number));
  }
}

function pictureOf(line: string, number: string): JobPicture {
  const bad = (id: string, why: ReturnType<typeof sentence>): JobPicture => ({
    id,
    image: '',
    source: { error: { code: 'ERR_ARGUMENT', ...why } },
  });
  if (line.length > MOST_CHARACTERS) return bad(number, sentence('Line {0} is too long.', number));
  let asked: unknown;
  try {
    asked = JSON.parse(line);
  } catch {
    return bad(number, sentence('Line {0} is no JSON.', number));
  }
  const { id, image, bytes } = (asked ?? {}) as Record<string, unknown>;
  const name = typeof id === 'string' && id !== '' ? id : typeof image === 'string' && image !== '' ? image : number;
  const shown = typeof image === 'string' ? image : '';
  if (typeof bytes === 'string') {
    const decoded = Buffer.from(bytes, 'base64');
    return { id: name, image: shown, source: { name, bytes: decoded, preview: false } };
  }
  if (shown === '') return bad(name, sentence('Line {0} names no "image".', number));
  return { id: name, image: shown, source: { path: path.resolve(shown), preview: false } };
}

/** Reads a results file line by line, in pieces: however long it is, neither memory nor the event loop is filled. */
import { RegularFile } from '../files/regularFile';
import { RESULTS_LIMITS } from './limits';

const PIECE = 2 ** 20;
const LINE_BREAK = 10;

/** A whole line: its text without the line break, and where it lies in the file. */
export interface Line {
  text: string;
  /** Byte of its first character, and the one after its line break. */
  begin: number;
  end: number;
}

/**
 * Whole lines from byte `from` on, in order; what comes after the last line break is none. Lines longer than any that is written are
 * left out. Throws FileRefusal or the operating system's error.
 */
export async function* readLines(path: string, from = 0): AsyncGenerator<Line> {
  const file = await RegularFile.open(path);
  try {
    const piece = Buffer.allocUnsafe(PIECE);
    /** Of a line whose end is not read yet; null: it is too long. */
    let held: Buffer[] | null = [];
    let [begin, length] = [from, 0];
    for (let at = from; ;) {
      const read = await file.read(piece, at);
      if (read === 0) return;
      let start = 0;
      for (let end = piece.indexOf(LINE_BREAK); end >= 0 && end < read; end = piece.indexOf(LINE_BREAK, start)) {
        if (held && length + end - start <= RESULTS_LIMITS.lineLength) {
          const bytes =
            held.length > 0 ? Buffer.concat([...held, piece.subarray(start, end)]) : piece.subarray(start, end);
          yield { text: bytes.toString('utf8'), begin, end: at + end + 1 };
        }
        [held, length, begin, start] = [[], 0, at + end + 1, end + 1];
      }
      length += read - start;
      if (length > RESULTS_LIMITS.lineLength) held = null;
      else held?.push(Buffer.from(piece.subarray(start, read)));
      at += read;
    }
  } finally {
    await file.close();
  }
}

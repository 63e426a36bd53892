/** Reads a results file into a table, from where it stopped the last time: the file grows while a job writes it. */
import { isAscii } from 'node:buffer';
import { stat } from 'node:fs/promises';
import { RegularFile } from '../files/regularFile';
import { EngineError } from '../errors/engineError';
import { whyUnreadable } from '../errors/fileRefusal';
import { sentence } from '../errors/sentence';
import { parseLine, type FailedRow, type PictureRow, type ResultsHeader } from './format';
import { RESULTS_LIMITS } from './limits';
import { ResultsTable } from './table';
import { writtenRow } from './writtenRow';

const CHUNK = 2 ** 20;
const LINE_FEED = 10;

/** Between two chunks others have their turn. */
const pause = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export class TableReader {
  /** Whole lines that are none of the format. */
  odd = 0;
  /** There are more pictures than a table takes. */
  isFull = false;
  private chunk = Buffer.allocUnsafe(CHUNK);

  private constructor(
    private readonly file: RegularFile,
    readonly header: ResultsHeader,
    readonly table: ResultsTable,
    /** Bytes of whole lines that were read. */
    private position: number,
    private readonly inode: number,
  ) {}

  /** Throws EngineError when there is no results file of that name. */
  static async open(path: string): Promise<TableReader> {
    const file = await RegularFile.open(path).catch((error: unknown) => {
      throw new EngineError('ERR_ARGUMENT', whyUnreadable(path, error));
    });
    try {
      const { line, end } = await firstLine(file);
      const header = line === null ? null : parseLine(line);
      if (header?.kind !== 'header') {
        throw new EngineError(
          'ERR_UNSUPPORTED',
          sentence('{0} is not a file of results: its first line does not say so.', path),
        );
      }
      const { ino } = await stat(path);
      return new TableReader(file, header, new ResultsTable(header.classes.length), end, ino);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /**
   * Reads on to the present end; a last line without its line break waits for it. Throws ERR_GONE when another file lies there by now,
   * or a shorter one.
   */
  async readOn(): Promise<void> {
    const { size, ino } = await stat(this.file.path).catch((error: unknown) => {
      throw new EngineError('ERR_ARGUMENT', whyUnreadable(this.file.path, error));
    });
    if (ino !== this.inode || size < this.position) {
      throw new EngineError('ERR_GONE', sentence('{0} was written anew.', this.file.path));
    }
    while (await this.readChunk()) await pause();
  }

  private async readChunk(): Promise<boolean> {
    const length = await this.file.read(this.chunk, this.position);
    const bytes = this.chunk.subarray(0, length);
    // where every character is a byte, lines are cut out of one text: much faster than a text each
    const text = isAscii(bytes) ? bytes.toString('latin1') : null;
    let start = 0;
    for (let end; (end = bytes.indexOf(LINE_FEED, start)) >= 0; start = end + 1) {
      const line = text?.slice(start, end) ?? bytes.toString('utf8', start, end);
      this.take(line, this.position + start, end - start);
    }
    this.position += start;
    if (length < this.chunk.length) return false;
    if (start > 0) return true;
    // one line fills all of it
    if (this.chunk.length >= RESULTS_LIMITS.lineLength) {
      const most = RESULTS_LIMITS.lineLength / 2 ** 20;
      throw new EngineError('ERR_UNSUPPORTED', sentence('{0} has a line of more than {1} MiB.', this.file.path, most));
    }
    this.chunk = Buffer.allocUnsafe(2 * this.chunk.length);
    return true;
  }

  private take(text: string, offset: number, length: number): void {
    const line = writtenRow(text, this.header) ?? parseLine(text);
    if (line === null || line.kind === 'header') this.odd++;
    else if (line.kind === 'tag') this.table.putTag(line.id, line.tag);
    else if (!this.table.put(line, offset, length)) this.isFull = true;
  }

  /** Whether something stands after the last whole line: a line that is being written, or was cut off. */
  async endsWithinLine(): Promise<boolean> {
    await this.readOn();
    return (await this.file.read(Buffer.allocUnsafe(1), this.position)) > 0;
  }

  /** A row's whole line, read again. Null when the file has changed under it. */
  async line(row: number): Promise<PictureRow | FailedRow | null> {
    const bytes = Buffer.allocUnsafe(this.table.length.get(row));
    const length = await this.file.read(bytes, this.table.offset.get(row));
    const line = parseLine(bytes.toString('utf8', 0, length));
    return line?.kind === 'picture' || line?.kind === 'failed' ? line : null;
  }

  /** Its bytes as they stand in the file, without the line break. */
  async text(row: number): Promise<string> {
    const bytes = Buffer.allocUnsafe(this.table.length.get(row));
    const length = await this.file.read(bytes, this.table.offset.get(row));
    return bytes.toString('utf8', 0, length);
  }

  close(): Promise<void> {
    return this.file.close();
  }
}

/** The first line, and the byte after its line break; null where there is no line break within what a line may have. */
async function firstLine(file: RegularFile): Promise<{ line: string | null; end: number }> {
  for (let size = 64 * 1024; ; size *= 8) {
    const bytes = Buffer.allocUnsafe(Math.min(size, RESULTS_LIMITS.lineLength));
    const length = await file.read(bytes, 0);
    const end = bytes.subarray(0, length).indexOf(LINE_FEED);
    if (end >= 0) return { line: bytes.toString('utf8', 0, end), end: end + 1 };
    if (length < bytes.length || size >= RESULTS_LIMITS.lineLength) return { line: null, end: 0 };
  }
}

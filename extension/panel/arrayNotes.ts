/** What is known of an array that its file does not say: the picture it is drawn on, and what its matrices are. */
import * as vscode from 'vscode';
import type { Reading } from '../files/arrayView';
import { IMAGE_EXTENSIONS } from '../image/pictureKinds';

const KEY = 'picturesOfArrays';
/** The oldest go. */
const MOST = 100;

export class ArrayNotes {
  readonly #readings = new Map<string, Reading>();

  constructor(private readonly memory: vscode.Memento) {}

  /** What the extension that wrote it knows of its matrices. */
  readAs(array: vscode.Uri, reading: Reading): void {
    this.#readings.set(array.toString(), reading);
  }

  readingOf(array: vscode.Uri): Reading | null {
    return this.#readings.get(array.toString()) ?? null;
  }

  /** The one that somebody chose for it, else the one of its name beside it; undefined: there is none. */
  async pictureOf(array: vscode.Uri): Promise<vscode.Uri | undefined> {
    const chosen = this.#kept().get(array.toString());
    if (chosen === null) return undefined;
    return chosen === undefined ? beside(array) : vscode.Uri.parse(chosen);
  }

  /** @param picture null: none is wanted */
  async choosePicture(array: vscode.Uri, picture: vscode.Uri | null): Promise<void> {
    const kept = this.#kept();
    kept.delete(array.toString());
    kept.set(array.toString(), picture && picture.toString());
    await this.memory.update(KEY, [...kept].slice(-MOST));
  }

  /** Addresses of files and of their pictures, newest last. */
  #kept(): Map<string, string | null> {
    const saved = this.memory.get<unknown>(KEY);
    const isPair = (pair: unknown): pair is [string, string | null] =>
      Array.isArray(pair) && typeof pair[0] === 'string' && (typeof pair[1] === 'string' || pair[1] === null);
    return new Map(Array.isArray(saved) ? saved.filter(isPair) : []);
  }
}

/** cat.png of cat.npy */
async function beside(array: vscode.Uri): Promise<vscode.Uri | undefined> {
  const stem = array.path.replace(/\.npy$/i, '');
  for (const extension of IMAGE_EXTENSIONS) {
    const picture = array.with({ path: `${stem}.${extension}` });
    try {
      const { type } = await vscode.workspace.fs.stat(picture);
      if (type & vscode.FileType.File) return picture;
    } catch {
      continue; // there is none of that type
    }
  }
  return undefined;
}

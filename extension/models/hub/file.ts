/** One file from the hub to one blob: appended to what an earlier try left, checked against its hash as it lies on disk, then given its name. */
import { FileRefusal } from '../../errors/fileRefusal';
import { count, grouped } from '../../errors/count';
import { ModelError } from '../../errors/modelError';
import { systemSentence } from '../../errors/systemError';
import { PartFile, hashOf } from './partFile';
import { sentence } from '../../errors/sentence';

export interface RemoteFile {
  path: string;
  url: string;
  size: number;
  /** Name of the blob: sha256 of the content (large files), or git's sha1 of it. */
  etag: string;
}

export interface FileTransfer {
  /** See ./fetching.ts: it knows where the token may go. */
  fetch: typeof fetch;
  token: string | undefined;
  signal: AbortSignal | undefined;
  /** Bytes of this file that are there so far. */
  onBytes: (received: number) => void;
}

/** True when the blob is there and is what its name says: a damaged one is fetched again. */
export async function hasBlob(blob: string, etag: string): Promise<boolean> {
  try {
    return (await hashOf(blob, etag)) === etag;
  } catch {
    return false;
  }
}

/** Throws ModelError, or the file system's error; what arrived stays for the next try unless it is proved wrong. */
export async function downloadBlob(file: RemoteFile, blob: string, transfer: FileTransfer): Promise<void> {
  const part = await PartFile.take(blob);
  try {
    if (part.received > file.size) await part.restart();
    transfer.onBytes(part.received);
    if (part.received < file.size) await receive(part, file, transfer);
    if (part.received < file.size) {
      throw new ModelError(
        'network',
        sentence(
          'The download of {0} broke off after {1} of {2}; downloading again goes on from there.',
          file.path,
          count(part.received, 'byte'),
          grouped(file.size),
        ),
      );
    }
  } catch (error) {
    await part.leave();
    throw error;
  }
  if (file.size === 0) await part.append(nothing(), 0, transfer.onBytes);
  const digest = await hashOf(part.path, file.etag);
  if (digest !== file.etag) {
    await part.discard();
    throw new ModelError(
      'corrupt',
      sentence(
        '{0} arrived damaged (checksum {1}…, not {2}…) and was discarded; download it again.',
        file.path,
        digest.slice(0, 12),
        file.etag.slice(0, 12),
      ),
    );
  }
  await part.finish();
}

/** A file without a byte is a file all the same. */
async function* nothing(): AsyncGenerator<Uint8Array> {}

async function receive(part: PartFile, file: RemoteFile, transfer: FileTransfer): Promise<void> {
  const response = await request(file, part.received, transfer);
  // A server that knows no ranges starts again from the first byte.
  if (response.status !== 206 && part.received > 0) await part.restart();
  try {
    // Node's fetch bodies can be iterated; the DOM's type does not know it.
    const body = response.body as unknown as AsyncIterable<Uint8Array> | null;
    await part.append(body ?? nothing(), file.size, transfer.onBytes);
  } catch (error) {
    // a connection that was cut is told by what is missing
    if (transfer.signal?.aborted || error instanceof FileRefusal || systemSentence(error)) throw error;
  }
}

async function request(file: RemoteFile, from: number, { fetch, token }: FileTransfer): Promise<Response> {
  const headers: Record<string, string> = { 'Accept-Encoding': 'identity' };
  if (from > 0) headers['Range'] = `bytes=${from}-`;
  if (token) headers['Authorization'] = `Bearer ${token}`;
  const response = await fetch(file.url, { headers });
  if (!response.ok) {
    await response.body?.cancel();
    throw new ModelError(
      'network',
      sentence('{0} answered {1} for {2}.', new URL(file.url).host, response.status, file.path),
    );
  }
  return response;
}

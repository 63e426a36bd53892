/** One file from the hub to one blob: appended to what an earlier try left, checked against its hash, then given its name. */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ModelError, count } from '../../errors/modelError';

export interface RemoteFile {
  path: string;
  url: string;
  size: number;
  /** Name of the blob: sha256 of the content (large files), or git's sha1 of it. */
  etag: string;
}

interface FileTransfer {
  fetch: typeof fetch;
  token: string | undefined;
  signal: AbortSignal | undefined;
  /** Bytes of this file that are there so far. */
  onBytes: (received: number) => void;
}

/** True when the finished blob is there already. */
export async function hasBlob(blob: string, size: number): Promise<boolean> {
  try {
    return (await stat(blob)).size === size;
  } catch {
    return false;
  }
}

/** Throws ModelError; what arrived stays in `blob`.incomplete for the next try unless it is proved wrong. */
export async function downloadBlob(file: RemoteFile, blob: string, transfer: FileTransfer): Promise<void> {
  const incomplete = `${blob}.incomplete`;
  await mkdir(dirname(blob), { recursive: true });
  let { hash, received } = await resume(incomplete, file);
  transfer.onBytes(received);
  if (received < file.size) {
    const response = await request(file, received, transfer);
    // A server that knows no ranges starts again from the first byte.
    if (response.status !== 206 && received > 0) ({ hash, received } = await restart(incomplete, file));
    received = await append(incomplete, response, hash, received, file, transfer);
  }
  if (received < file.size) {
    throw new ModelError(
      'network',
      `The download of ${file.path} broke off after ${count(received, 'byte')} of ${file.size.toLocaleString('en-US')}; downloading again goes on from there.`,
    );
  }
  const digest = hash.digest('hex');
  if (received > file.size || digest !== file.etag) {
    await rm(incomplete, { force: true });
    throw new ModelError(
      'corrupt',
      `${file.path} arrived damaged (checksum ${digest.slice(0, 12)}…, not ${file.etag.slice(0, 12)}…) and was discarded; download it again.`,
    );
  }
  await rename(incomplete, blob);
}

/** Large files are named by their sha256, others by git: sha1 of "blob <size>\0" and the content. */
function hasher({ etag, size }: RemoteFile): Hash {
  return etag.length === 64 ? createHash('sha256') : createHash('sha1').update(`blob ${size}\0`);
}

async function resume(incomplete: string, file: RemoteFile): Promise<{ hash: Hash; received: number }> {
  const hash = hasher(file);
  let received = 0;
  try {
    for await (const chunk of createReadStream(incomplete)) {
      hash.update(chunk as Buffer);
      received += (chunk as Buffer).length;
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return received > file.size ? restart(incomplete, file) : { hash, received };
}

async function restart(incomplete: string, file: RemoteFile): Promise<{ hash: Hash; received: number }> {
  await rm(incomplete, { force: true });
  return { hash: hasher(file), received: 0 };
}

async function request(file: RemoteFile, from: number, { fetch, token, signal }: FileTransfer): Promise<Response> {
  const headers: Record<string, string> = { 'Accept-Encoding': 'identity' };
  if (from > 0) headers['Range'] = `bytes=${from}-`;
  if (token) headers['Authorization'] = `Bearer ${token}`;
  const response = await fetch(file.url, { headers, signal });
  if (!response.ok) {
    await response.body?.cancel();
    throw new ModelError('network', `${new URL(file.url).host} answered ${response.status} for ${file.path}.`);
  }
  return response;
}

/** Bytes there are afterwards; fewer than the file's when the connection was cut. */
async function append(
  incomplete: string,
  response: Response,
  hash: Hash,
  have: number,
  file: RemoteFile,
  { signal, onBytes }: FileTransfer,
): Promise<number> {
  const handle = await open(incomplete, 'a');
  let received = have;
  try {
    // Node's fetch bodies can be iterated; the DOM's type does not know it.
    const body = response.body as unknown as AsyncIterable<Uint8Array> | null;
    for await (const chunk of body ?? []) {
      await handle.write(chunk);
      hash.update(chunk);
      received += chunk.length;
      onBytes(received);
      if (received > file.size) break;
    }
  } catch (error) {
    if (signal?.aborted || (error as NodeJS.ErrnoException).code === 'ENOSPC') throw error;
  } finally {
    await handle.close();
  }
  return received;
}

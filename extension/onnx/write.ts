import { open, rename, rm } from 'node:fs/promises';

/** Writes a model's chunks; the file appears under its name only when it is whole. Returns its size in bytes. */
export async function writeChunks(file: string, chunks: readonly Uint8Array[]): Promise<number> {
  const unfinished = `${file}.part`;
  try {
    const handle = await open(unfinished, 'w');
    let bytes = 0;
    try {
      for (const chunk of chunks) {
        await handle.writeFile(chunk);
        bytes += chunk.length;
      }
    } finally {
      await handle.close();
    }
    await rename(unfinished, file);
    return bytes;
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

/** Pictures in a tar archive, as WebDataset has them: read one after the other, nothing is unpacked. */
import { createReadStream } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { sentence } from '../../errors/sentence';
import { isImagePath } from '../../image/pictureKinds';
import type { JobPicture } from '../../jobs/picture';
import { Unreadable, lineOf } from '../errors';

/** Of one picture: it is held in memory. */
const MOST_BYTES = 256 * 2 ** 20;

export const isArchive = (name: string): boolean => /\.(tar|tar\.gz|tgz)$/i.test(name);

/** `id`: the archive's; a member's name comes after it. Throws Unreadable where the archive is none, or ends too soon. */
export async function* picturesInArchive(file: string, id: string): AsyncGenerator<JobPicture> {
  const { extract } = await import('tar-stream');
  const members = extract();
  const packed = createReadStream(file);
  const failed = (error: Error | null) => error && members.destroy(error);
  if (/\.t?gz$/i.test(file)) pipeline(packed, createGunzip(), members, failed);
  else pipeline(packed, members, failed);
  try {
    for await (const member of members) {
      const { name, type, size } = member.header;
      if (type !== 'file' || !isImagePath(name) || path.posix.basename(name).startsWith('.')) {
        member.resume();
        continue;
      }
      const inside = `${id}/${name.replace(/^(\.?\/)+/, '')}`;
      if (size > MOST_BYTES) {
        member.resume();
        const said = sentence('{0} is larger than {1}, the most that is read of such a file.', inside, '256 MiB');
        yield { id: inside, image: inside, source: { error: { code: 'ERR_IMAGE', ...said } } };
        continue;
      }
      const pieces: Buffer[] = [];
      for await (const piece of member as AsyncIterable<Buffer>) pieces.push(piece);
      yield { id: inside, image: inside, source: { name: inside, bytes: Buffer.concat(pieces), preview: false } };
    }
  } catch (error) {
    throw new Unreadable(`${file} cannot be read as an archive: ${lineOf(error)}`);
  } finally {
    packed.destroy();
  }
}

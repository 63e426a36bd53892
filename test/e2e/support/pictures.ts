/** Pictures that are not what they seem, as they turn up in people's folders. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { crc32, deflateSync } from 'node:zlib';

const chunk = (type: string, data: Buffer): Buffer => {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
};

/** A black PNG of one bit a pixel: small on disk whatever its size. */
export function blackPng(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 1; // bit depth; the rest: grey, deflate, no filter, not interlaced
  const rows = Buffer.alloc((1 + Math.ceil(width / 8)) * height);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** Files that no one can show; each must be refused in one sentence that names it. */
export const unreadable = ['empty.png', 'text.png', 'truncated.jpg', 'huge.png'] as const;

export function writeOddPictures(folder: string): void {
  const write = (name: string, bytes: Buffer | string) => writeFileSync(path.join(folder, name), bytes);
  const jpeg = readFileSync(path.join(folder, 'harbour.jpg'));
  write('empty.png', '');
  write('text.png', 'This is a text that someone renamed.\n');
  write('truncated.jpg', jpeg.subarray(0, 300)); // ends inside its tables, before the first pixel
  write('huge.png', blackPng(20_000, 20_000));
  write('one-pixel.png', blackPng(1, 1));
  write('cmyk.jpg', readFileSync(path.resolve(import.meta.dirname, '../../golden/images/cmyk.jpg')));
  write('notes.txt', 'A text file.\n');
}

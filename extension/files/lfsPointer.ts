/** What Git LFS leaves in place of a large file until it is pulled: a few lines of text. */

import { sentence } from '../errors/sentence';

/** @param start of the file, as bytes or text */
export const isLfsPointer = (start: Uint8Array | string): boolean =>
  Buffer.from(start.slice(0, 64)).toString('latin1').startsWith('version https://git-lfs');

/** The rest of a sentence that begins with the file's name. */
export const LFS_REASON = sentence('is a Git LFS pointer, not the file itself: run "git lfs pull" in its repository');

/** What the operating system refuses, in words. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { FileRefusal, isMissing, whyUnreadable, whyUnwritable } from '../../extension/errors/fileRefusal';
import { sentence } from '../../extension/errors/sentence';
import { systemReason, systemSentence } from '../../extension/errors/systemError';

const folder = mkdtempSync(path.join(tmpdir(), 'system-errors-'));
after(() => rmSync(folder, { recursive: true }));

/** What the system itself throws. */
function thrown(what: () => unknown): NodeJS.ErrnoException {
  try {
    what();
  } catch (error) {
    return error as NodeJS.ErrnoException;
  }
  throw new Error('nothing was thrown');
}
const missing = path.join(folder, 'missing');
const file = path.join(folder, 'file');
writeFileSync(file, 'x');
const enoent = thrown(() => readFileSync(missing));
const eisdir = thrown(() => readFileSync(folder));
const enotdir = thrown(() => statSync(path.join(file, 'inside')));

test('the words for what the system says are ours where its own mislead, else its own', () => {
  assert.equal(systemReason(enoent).message, 'it does not exist');
  assert.equal(systemReason(eisdir).message, 'it is a directory');
  assert.equal(systemReason(enotdir).message, 'a part of its path is not a directory');
  const said: Record<string, string> = {
    EACCES: 'permission is denied',
    EPERM: 'permission is denied',
    EAGAIN: 'too many processes or threads are running',
    EDQUOT: 'the disk quota is used up',
    EFBIG: 'the file would be larger than is allowed here',
    EMFILE: 'too many files are open in this process',
    ENFILE: 'too many files are open on this machine',
    ENAMETOOLONG: 'its name is too long',
    ENOMEM: 'there is not enough memory',
    ENOSPC: 'the disk is full',
    EROFS: 'the file system is read-only',
    ETXTBSY: 'it is being written',
  };
  for (const [code, words] of Object.entries(said)) {
    assert.equal(systemReason({ code, errno: -2, message: 'other' }).message, words);
  }
  assert.equal(
    systemReason({ code: 'EXDEV', errno: -18, message: 'EXDEV: x' }).message,
    'cross-device link not permitted',
  );
});

test('what is not the system’s keeps the first line of its own words', () => {
  assert.equal(systemReason(new Error(' Too late. \n at once.')).message, 'Too late');
  assert.equal(systemReason({ message: 'a.b' }).message, 'a.b');
  assert.equal(systemReason('a text').message, 'a text');
  assert.equal(systemReason(17).message, '17');
  assert.equal(systemReason({ code: 'EOURS', errno: 'x', message: 'ours' }).message, 'ours');
  assert.equal(systemReason({ code: 5, message: 'five' }).message, 'five');
  for (const empty of [new Error(''), new Error('\nlater'), '']) {
    assert.equal(systemReason(empty).message, 'no reason was given');
  }
  assert.equal(systemReason(null).message, 'null');
});

test('an error of the system as a sentence, with its file where there is one; null for any other', () => {
  assert.equal(systemSentence(enoent)?.message, `${missing} cannot be used: it does not exist.`);
  const { code, errno, syscall } = enoent;
  assert.equal(systemSentence({ code, errno, syscall })?.message, 'The system refused: it does not exist.');
  for (const other of [null, new Error('x'), { errno, syscall }, { code, syscall }, { code, errno }]) {
    assert.equal(systemSentence(other), null);
  }
});

test('why a file cannot be read or written', () => {
  assert.deepEqual([enoent, enotdir, eisdir, new Error('x')].map(isMissing), [true, true, false, false]);
  const read = (error: unknown) => whyUnreadable('F', error).message;
  assert.equal(read(enoent), 'F does not exist.');
  assert.equal(read(enotdir), 'F does not exist.');
  assert.equal(read(eisdir), 'F is a directory, not a file.');
  assert.equal(read({ code: 'EACCES' }), 'F may not be read.');
  assert.equal(read({ code: 'EPERM' }), 'F may not be read.');
  assert.equal(read({ code: 'EMFILE' }), 'F cannot be read: too many files are open in this process.');
  const refusal = new FileRefusal('too-large', sentence('It is too large.'));
  assert.equal(whyUnreadable('F', refusal), refusal);
  assert.deepEqual([refusal.name, refusal.kind], ['FileRefusal', 'too-large']);
  const write = (error: unknown) => whyUnwritable('F', error).message;
  assert.equal(write({ code: 'ENXIO' }), 'F is a named pipe that nobody reads.');
  assert.equal(write(enoent), 'F cannot be written: its directory does not exist.');
  assert.equal(write({ code: 'EEXIST' }), 'F cannot be written: there is a file of that name.');
  assert.equal(write({ code: 'ENOSPC' }), 'F cannot be written: the disk is full.');
});

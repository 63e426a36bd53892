/**
 * CIFAR-10's test set as 10,000 files in a folder a class, for measuring many pictures:
 *   node --import tsx models/unpack.ts FOLDER [FILE.npz]        default: ../shared/cifar10/cifar10-jpeg.npz
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { readTestSet } from './testSet';

const [folder, file = path.join(__dirname, '../../shared/cifar10/cifar10-jpeg.npz')] = process.argv.slice(2);
if (folder === undefined) {
  process.stderr.write('node --import tsx models/unpack.ts FOLDER [FILE.npz]\n');
  process.exit(2);
}
const classes = JSON.parse(readFileSync(path.join(path.dirname(file), 'classes.json'), 'utf8')) as string[];
const { jpegs, labels } = readTestSet(file, Infinity);
for (const name of classes) mkdirSync(path.join(folder, name), { recursive: true });
for (const [i, jpeg] of jpegs.entries()) {
  writeFileSync(path.join(folder, classes[labels[i]!]!, `${String(i).padStart(5, '0')}.jpg`), jpeg);
}
process.stdout.write(`${jpegs.length} pictures in ${folder}\n`);

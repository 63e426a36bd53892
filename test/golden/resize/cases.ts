/** Pillow's resizes, written by generate.py: requests, and the bytes that come of them. */
import { readFileSync } from 'node:fs';
import type { ResizeRequest } from '../../../native/binding';

type Stored = [offset: number, bytes: number];

export interface Case extends Omit<ResizeRequest, 'pixels' | 'antialias'> {
  name: string;
  source: Stored;
  expected: Stored;
}

const golden = new URL('./', import.meta.url);
export const { cases } = JSON.parse(readFileSync(new URL('cases.json', golden), 'utf8')) as { cases: Case[] };
const pixels = readFileSync(new URL('pixels.bin', golden));
export const stored = ([offset, bytes]: Stored) => new Uint8Array(pixels.subarray(offset, offset + bytes));

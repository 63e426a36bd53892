import { createRequire } from 'node:module';
import path from 'node:path';
import { packageRoot } from '../files/packageRoot';
import type { later as Later } from './laterParts';

/** What activation does not wait for; loaded at the first call. */
export const later = (): typeof Later =>
  (createRequire(import.meta.url)(path.join(packageRoot(), 'dist', 'later.js')) as { later: typeof Later }).later;

/** What is done to the engine and the command line, and what must come of it. */
import type { Kind } from './faults';
import { commandKinds } from './commands';
import { engineKinds } from './engine';

export const kinds: Kind[] = [...engineKinds, ...commandKinds];

/** Where the hub is, who asks, and where its cache lies: the environment variables of Hugging Face's own tools. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isMissing, whyUnreadable } from '../../errors/fileRefusal';
import type { Sentence } from '../../errors/sentence';
import { readRegularFile } from '../../files/regularFile';

/** "org/name": no more slashes, nothing that climbs out of a directory. */
export const HUB_ID = /^\w[\w.-]*\/\w[\w.-]*$/;

export interface HubSettings {
  /** Without a slash at the end. */
  endpoint: string;
  cacheDir: string;
  token: string | undefined;
  /** Why the file of the token could not be read, a sentence; it matters to those who want to send one. */
  tokenProblem?: Sentence;
  offline: boolean;
}

/** Tokens have about forty characters. */
const MOST_TOKEN_BYTES = 4096;

type Environment = Record<string, string | undefined>;

/** https://huggingface.co/docs/huggingface_hub/package_reference/environment_variables */
export async function hubSettings(env: Environment = process.env): Promise<HubSettings> {
  const home = env['HF_HOME'] || join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'huggingface');
  const named = env['HF_TOKEN'] || env['HUGGING_FACE_HUB_TOKEN'];
  return {
    endpoint: (env['HF_ENDPOINT'] || 'https://huggingface.co').replace(/\/+$/, ''),
    cacheDir: env['HF_HUB_CACHE'] || env['HUGGINGFACE_HUB_CACHE'] || join(home, 'hub'),
    offline: /^(1|true|yes|on)$/i.test(env['HF_HUB_OFFLINE'] ?? ''),
    ...(named ? { token: named } : await storedToken(env['HF_TOKEN_PATH'] || join(home, 'token'))),
  };
}

/** What `hf auth login` wrote. */
async function storedToken(file: string): Promise<Pick<HubSettings, 'token' | 'tokenProblem'>> {
  try {
    return { token: (await readRegularFile(file, MOST_TOKEN_BYTES)).toString('utf8').trim() || undefined };
  } catch (error) {
    return { token: undefined, ...(isMissing(error) ? {} : { tokenProblem: whyUnreadable(file, error) }) };
  }
}

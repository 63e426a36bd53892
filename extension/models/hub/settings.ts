/** Where the hub is, who asks, and where its cache lies: the environment variables of Hugging Face's own tools. */
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** "org/name": no more slashes, nothing that climbs out of a directory. */
export const HUB_ID = /^\w[\w.-]*\/\w[\w.-]*$/;

export interface HubSettings {
  /** Without a slash at the end. */
  endpoint: string;
  cacheDir: string;
  token: string | undefined;
  offline: boolean;
}

type Environment = Record<string, string | undefined>;

/** https://huggingface.co/docs/huggingface_hub/package_reference/environment_variables */
export async function hubSettings(env: Environment = process.env): Promise<HubSettings> {
  const home = env['HF_HOME'] || join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'huggingface');
  return {
    endpoint: (env['HF_ENDPOINT'] || 'https://huggingface.co').replace(/\/+$/, ''),
    cacheDir: env['HF_HUB_CACHE'] || env['HUGGINGFACE_HUB_CACHE'] || join(home, 'hub'),
    token:
      env['HF_TOKEN'] ||
      env['HUGGING_FACE_HUB_TOKEN'] ||
      (await storedToken(env['HF_TOKEN_PATH'] || join(home, 'token'))),
    offline: /^(1|true|yes|on)$/i.test(env['HF_HUB_OFFLINE'] ?? ''),
  };
}

/** What `hf auth login` wrote. */
async function storedToken(file: string): Promise<string | undefined> {
  try {
    return (await readFile(file, 'utf8')).trim() || undefined;
  } catch {
    return undefined;
  }
}

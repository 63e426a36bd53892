export const oldestGlibc: string;
/** Why a native library would not load on a Linux with that C library, or tells of this machine. */
export function unportable(file: string): Promise<string[]>;

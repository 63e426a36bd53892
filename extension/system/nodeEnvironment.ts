/** The environment of the processes that are forked. */

/**
 * glibc asks Linux for large pages where it maps memory (its manual, "Memory Allocation Tunables"). Pixels and tensors are new memory
 * each time, which costs a fault a page: in a virtual machine more than decoding a photograph. Unknown elsewhere, and then ignored.
 */
const LARGE_PAGES = 'glibc.malloc.hugetlb=1';

/**
 * For processes whose objects are few and short-lived: V8 would let them fill 16 MB, three times over, before it looks which are still in use,
 * and a job of thousands of pictures grew by as much.
 */
export const SMALL_HEAP: readonly string[] = ['--max-semi-space-size=1'];

export function nodeEnvironment(): NodeJS.ProcessEnv {
  const { GLIBC_TUNABLES: set } = process.env;
  return {
    ...process.env,
    // in VS Code, process.execPath is Electron: this makes it a plain Node
    ELECTRON_RUN_AS_NODE: '1',
    GLIBC_TUNABLES:
      set === undefined ? LARGE_PAGES : set.includes('glibc.malloc.hugetlb=') ? set : `${set}:${LARGE_PAGES}`,
  };
}

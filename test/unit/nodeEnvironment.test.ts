import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { decoderEnvironment, nodeEnvironment } from '../../extension/system/nodeEnvironment';

describe('the environment of the processes that are forked', () => {
  const before = process.env.GLIBC_TUNABLES;
  const tunables = (environment: NodeJS.ProcessEnv) => environment.GLIBC_TUNABLES!.split(':');

  afterEach(() => {
    if (before === undefined) delete process.env.GLIBC_TUNABLES;
    else process.env.GLIBC_TUNABLES = before;
  });

  const GIVE_BACK = ['arena_max=1', 'mmap_threshold=4194304', 'trim_threshold=2097152'].map((t) => `glibc.malloc.${t}`);

  test('the engine asks for large pages; a decoder does not, and gives back what it has freed', () => {
    delete process.env.GLIBC_TUNABLES;
    assert.deepEqual(tunables(nodeEnvironment()), ['glibc.malloc.hugetlb=1']);
    assert.equal(nodeEnvironment().ELECTRON_RUN_AS_NODE, '1');
    assert.deepEqual(tunables(decoderEnvironment()), ['glibc.malloc.hugetlb=0', ...GIVE_BACK]);
    // as the engine that starts it finds it
    process.env.GLIBC_TUNABLES = nodeEnvironment().GLIBC_TUNABLES;
    assert.deepEqual(tunables(nodeEnvironment()), ['glibc.malloc.hugetlb=1']);
    assert.deepEqual(tunables(decoderEnvironment()), ['glibc.malloc.hugetlb=0', ...GIVE_BACK]);
  });

  test('what the user has set stays, once', () => {
    const set = ['glibc.malloc.arena_max=4', 'glibc.malloc.hugetlb=2', 'glibc.rtld.nns=5'];
    process.env.GLIBC_TUNABLES = set.join(':');
    assert.deepEqual(tunables(nodeEnvironment()), set);
    assert.deepEqual(tunables(decoderEnvironment()), [...set, ...GIVE_BACK.slice(1)]);
  });

  test('an empty setting is none', () => {
    process.env.GLIBC_TUNABLES = '';
    assert.deepEqual(tunables(nodeEnvironment()), ['glibc.malloc.hugetlb=1']);
  });
});

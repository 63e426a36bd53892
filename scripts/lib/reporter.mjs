// How test results look: one line a test, a failure with its reason and place; at the end the counts of each file and its failures, as one
// line for scripts/test.mjs. Used as `node --test --test-reporter=scripts/lib/reporter.mjs`.
import path from 'node:path';
import { root } from './run.mjs';

/** What precedes the counts on the last line. */
export const countsMark = '\u0001counts ';

/** The part of an error that helps: its message, and where in our files it was thrown. */
function reason(error) {
  const cause = error.cause ?? error;
  const message = cause.message ?? String(cause);
  const where = String(cause.stack ?? '')
    .split('\n')
    .find((line) => line.includes(root) && line.includes(' at ') && !line.includes('node_modules'));
  return [message, where?.trim()].filter(Boolean).join('\n').replace(/^/gm, '      ');
}

export default async function* report(events) {
  const files = {};
  for await (const { type, data } of events) {
    if (type === 'test:stdout' || type === 'test:stderr') yield data.message;
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const isFile = data.nesting === 0 && data.name.endsWith('.test.ts');
    const isGroup = isFile || data.details.type === 'suite';
    const of = path.relative(root, data.file ?? data.name);
    const count = (files[of] ??= { passed: 0, failed: 0, skipped: 0, failures: [] });
    const name = isFile ? path.relative(root, data.name) : data.name;
    if (type === 'test:fail') {
      // a group fails with its tests, which are counted; one that fails by itself (a file that does not load) counts too
      if (isGroup && data.details.error?.failureType === 'subtestsFailed') continue;
      count.failed++;
      const file = isFile ? '' : ` (${of})`;
      const failure = `    \u2717 ${name}${file}\n${reason(data.details.error)}`;
      count.failures.push(failure);
      yield `${failure}\n`;
    } else if (data.skip !== undefined) {
      count.skipped++;
      yield `    - ${name}: skipped${typeof data.skip === 'string' && data.skip ? ` (${data.skip})` : ''}\n`;
    } else if (!isGroup) {
      count.passed++;
      yield `    \u2713 ${name} (${Math.round(data.details.duration_ms)} ms)\n`;
    }
  }
  yield `${countsMark}${JSON.stringify(files)}\n`;
}

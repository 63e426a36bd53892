/** What axe-core finds wrong with a page for people who do not see it, or not well: WCAG 2 A and AA, and its best practices. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type axe from 'axe-core';
import type { Panel } from './panel';

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Of the webview in front: a line for each violation, with the first elements that have it. */
export async function violations(panel: Panel): Promise<string[]> {
  const frame = await panel.frame();
  await frame.evaluate(source);
  return frame.evaluate(async () => {
    const { violations: found } = await (globalThis as unknown as { axe: typeof axe }).axe.run(document);
    return found.map(({ id, help, nodes }) => {
      const places = nodes.slice(0, 3).map(({ target, failureSummary = '' }) => {
        const [, reason = ''] = failureSummary.split('\n');
        return `${target.join(' ')} (${reason.trim()})`;
      });
      return `${id}: ${help}: ${nodes.length} × ${places.join('; ')}`;
    });
  });
}

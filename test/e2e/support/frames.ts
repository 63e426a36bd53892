/** How long frames take while a list is scrolled, and what the window's main thread does in them. */
import assert from 'node:assert/strict';
import type { Locator, Page } from 'playwright-core';

const FRAMES = 150;
const MOST_MS = 20;

/** An event of Chromium's trace: microseconds, and of the processor's time where it says so. */
interface TraceEvent {
  name: string;
  cat: string;
  ph: string;
  pid: number;
  tid: number;
  ts: number;
  dur?: number;
  tdur?: number;
}

/** The processor's time, in milliseconds, that the thread of the marks took between each two of them. */
function processorTimes(trace: Buffer): number[] {
  const { traceEvents } = JSON.parse(trace.toString()) as { traceEvents: TraceEvent[] };
  const marks = traceEvents
    .filter(({ name, cat }) => name === 'scrolled frame' && cat.includes('user_timing'))
    .sort((a, b) => a.ts - b.ts);
  const [{ pid, tid }] = marks as [TraceEvent];
  const tasks = traceEvents.filter(
    (event) => event.pid === pid && event.tid === tid && event.ph === 'X' && event.name.endsWith('RunTask'),
  );
  return marks.slice(1).map(({ ts: end }, i) => {
    const begin = marks[i]!.ts;
    const used = tasks.reduce((sum, { ts, dur = 0, tdur = 0 }) => {
      const inside = Math.min(end, ts + dur) - Math.max(begin, ts);
      return inside > 0 ? sum + (tdur * inside) / dur : sum;
    }, 0);
    return used / 1000;
  });
}

function sayTimes(times: number[]): string {
  const long = times.flatMap((time, i) => (time > MOST_MS ? [`${i}: ${time.toFixed(0)} ms`] : []));
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))]!.toFixed(1);
  return `half within ${at(0.5)} ms, 95% within ${at(0.95)}, the longest ${at(1)}; ${long.length} over ${MOST_MS} (${long.join(', ')})`;
}

/**
 * Scrolls from the top, a little each frame and far now and then. Prints how long frames take on the clock, and how much of the
 * processor's time the main thread of the window took in each: on a machine whose processors are few, and draw too, the clock
 * also counts what others do.
 */
export async function printFrames(page: Page, name: string, scroller: Locator): Promise<void> {
  const browser = page.context().browser()!;
  await browser.startTracing(page, { categories: ['toplevel', 'blink.user_timing'] });
  const times = await scroller.evaluate(async (element, frames) => {
    const times: number[] = [];
    element.scrollTop = 0;
    for (let i = 0, last = 0; i < frames; i++) {
      const now = await new Promise<number>((resolve) => requestAnimationFrame(resolve));
      performance.mark('scrolled frame');
      if (i > 0) times.push(now - last);
      last = now;
      const before = element.scrollTop;
      element.scrollTop += i % 50 === 49 ? 100_000 : 90;
      // or the frames would say nothing
      if (element.scrollTop === before) throw new Error('the list was at its end');
    }
    return times;
  }, FRAMES);
  const used = processorTimes(await browser.stopTracing());
  assert.equal(used.length, times.length);
  console.log(`# ${name}, frames: ${sayTimes(times)}`);
  console.log(`# ${name}, of the processor: ${sayTimes(used)}`);
}

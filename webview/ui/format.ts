/** Numbers as people read them. */

/** A value with three significant digits, without exponents where it can be: 0.0231, 1.5, 12, 2.1e-6. */
export function value(x: number): string {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? 'NaN' : x > 0 ? '∞' : '−∞';
  if (x === 0) return '0';
  const size = Math.abs(x);
  if (size >= 1e6 || size < 1e-4) return x.toExponential(1).replace('e+', 'e');
  if (size >= 100) return String(Math.round(x));
  return String(Number(x.toPrecision(3)));
}

/** A share as a percentage: 92.1 %, 0.03 %. */
export function percent(share: number): string {
  const x = share * 100;
  if (x >= 99.95 && x < 100) return '> 99.9 %';
  if (x >= 1) return `${x.toFixed(1)} %`;
  if (x >= 0.01) return `${Number(x.toPrecision(2))} %`;
  return x > 0 ? '< 0.01 %' : '0 %';
}

/** A change of a share in percentage points: +3.1 %, −12 %. */
export function signedPercent(change: number): string {
  const points = Math.abs(change * 100);
  const text = points >= 10 ? points.toFixed(0) : points.toFixed(1);
  return `${text === '0.0' ? '±' : change < 0 ? '−' : '+'}${text} %`;
}

/** A change of a value: +0.41, −12.3. */
export function signedValue(change: number): string {
  return `${change < 0 ? '−' : '+'}${value(Math.abs(change))}`;
}

/** 21.7 M, 5.72 M, 340 K, 95. */
export function count(n: number): string {
  if (n >= 1e9) return `${Number((n / 1e9).toPrecision(3))} B`;
  if (n >= 1e6) return `${Number((n / 1e6).toPrecision(3))} M`;
  if (n >= 1e4) return `${Number((n / 1e3).toPrecision(3))} K`;
  return String(n);
}

export function bytes(n: number): string {
  if (n >= 2 ** 30) return `${Number((n / 2 ** 30).toPrecision(3))} GB`;
  if (n >= 2 ** 20) return `${Number((n / 2 ** 20).toPrecision(3))} MB`;
  if (n >= 2 ** 10) return `${Number((n / 2 ** 10).toPrecision(3))} KB`;
  return `${n} B`;
}

export function milliseconds(ms: number): string {
  if (ms >= 10_000) return `${Number((ms / 1000).toPrecision(3))} s`;
  return ms >= 10 ? `${Math.round(ms)} ms` : `${Number(ms.toPrecision(2))} ms`;
}

/** (1, 15, 400) */
export function shape(sizes: readonly number[]): string {
  return `(${sizes.join(', ')})`;
}

/** A grid of values that lies over a picture, or over the largest part of that form in its middle, as a centre crop takes it. */
import type { Size } from '../../extension/image/geometry';
import type { Region } from '../../extension/image/preprocessing';
import type { TokenLayout } from './tokenLayout';

export const wholeOf = ({ width, height }: Size): Region => ({ left: 0, top: 0, right: width, bottom: height });

/** @param form width over height */
export function middleOf({ width, height }: Size, form: number): Region {
  const across = Math.min(width, height * form);
  const down = across / form;
  const [left, top] = [(width - across) / 2, (height - down) / 2];
  return { left, top, right: left + across, bottom: top + down };
}

export const gridLayout = (
  { rows, columns }: { rows: number; columns: number },
  { left, top, right, bottom }: Region,
): TokenLayout => ({
  rows,
  columns,
  prefixNames: [],
  splits: null,
  inputWidth: right - left,
  inputHeight: bottom - top,
});

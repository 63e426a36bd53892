/** A small picture of a row; an icon where there is none, or none that browsers can show. */
import type { PicturedRow } from '../../extension/protocol/results';
import { h, icon } from '../ui/dom';

/** @param className its place in a row, a tile or the side bar; `alt` is '' where its name stands beside it */
export function makeThumbnail(className: string, alt = ''): HTMLElement {
  const image = h('img', { alt, decoding: 'async', hidden: true });
  image.addEventListener('error', () => (image.hidden = true));
  return h('span', { class: className }, image, icon('file-media'));
}

/** The row's picture: at once where it is shown already, else when scrolling rests. Whether one is loaded. */
export function fillThumbnail(
  thumbnail: HTMLElement,
  row: Pick<PicturedRow, 'source'> | null,
  atRest: boolean,
): boolean {
  const image = thumbnail.firstElementChild as HTMLImageElement;
  const source = row?.source ?? null;
  if (image.dataset.source === (source ?? '')) return false;
  if (source === null || !atRest) {
    image.removeAttribute('src');
    delete image.dataset.source;
    image.hidden = true;
    if (source === null) image.dataset.source = '';
    return false;
  }
  image.dataset.source = source;
  image.hidden = false;
  image.src = source;
  return true;
}

/** A drawing as an SVG file: shapes and letters stay shapes and letters, pictures are inside the file. */
import type { Mark, PathStep, Rgb } from '../drawing/recorder';
import type { Size } from '../../extension/image/geometry';

type ImageMark = Extract<Mark, { kind: 'image' }>;

/**
 * @param encode an image's source as a data: address
 * Text is in the reader's own sans-serif font; what has to fit is pressed to its width.
 */
export function svgFile({ width, height }: Size, marks: readonly Mark[], encode: (image: ImageMark) => string): string {
  const body = marks.map((mark) => element(mark, encode)).join('\n');
  return `<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="Helvetica, Arial, sans-serif">
${body}
</svg>
`;
}

function element(mark: Mark, encode: (image: ImageMark) => string): string {
  switch (mark.kind) {
    case 'fill':
      return `<path d="${pathData(mark.path)}"${paint('fill', mark)}${mark.rule === 'evenodd' ? ' fill-rule="evenodd"' : ''}/>`;
    case 'stroke':
      return `<path d="${pathData(mark.path)}" fill="none"${paint('stroke', mark)} stroke-width="${short(mark.width)}"/>`;
    case 'image': {
      const place = `x="${short(mark.x)}" y="${short(mark.y)}" width="${short(mark.width)}" height="${short(mark.height)}"`;
      const opacity = mark.opacity < 1 ? ` opacity="${short(mark.opacity)}"` : '';
      return `<image ${place}${opacity} preserveAspectRatio="none" href="${encode(mark)}"/>`;
    }
    case 'text': {
      const anchor = { left: '', center: ' text-anchor="middle"', right: ' text-anchor="end"' }[mark.align];
      const fit = mark.width === null ? '' : ` textLength="${short(mark.width)}" lengthAdjust="spacingAndGlyphs"`;
      const weight = mark.weight === 400 ? '' : ` font-weight="${mark.weight}"`;
      const ink =
        mark.outline === null
          ? paint('fill', mark)
          : ` fill="none"${paint('stroke', mark)} stroke-width="${short(mark.outline)}" stroke-linejoin="round"`;
      return `<text x="${short(mark.x)}" y="${short(mark.y)}" font-size="${short(mark.size)}"${weight}${anchor}${fit}${ink}>${escaped(mark.text)}</text>`;
    }
  }
}

function paint(what: 'fill' | 'stroke', { color, opacity }: { color: Rgb; opacity: number }): string {
  const hex = color.map((part) => part.toString(16).padStart(2, '0')).join('');
  return ` ${what}="#${hex}"${opacity < 1 ? ` ${what}-opacity="${short(opacity)}"` : ''}`;
}

function pathData(path: readonly PathStep[]): string {
  return path
    .map((step) => {
      switch (step.kind) {
        case 'close':
          return 'Z';
        case 'circle': {
          const { x, y, radius: r } = step;
          const half = (to: number) => `A${short(r)} ${short(r)} 0 0 1 ${short(to)} ${short(y)}`;
          return `M${short(x - r)} ${short(y)}${half(x + r)}${half(x - r)}Z`;
        }
        default:
          return `${step.kind === 'move' ? 'M' : 'L'}${short(step.x)} ${short(step.y)}`;
      }
    })
    .join('');
}

/** A thousandth of a pixel is finer than anybody prints. */
const short = (x: number): string => String(Number(x.toFixed(3)));

/** Text in XML 1.0: what its grammar has no place for is left out. */
function escaped(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
  const isAllowed = (character: string) =>
    character >= ' ' ? !'\ufffe\uffff'.includes(character) : '\t\n\r'.includes(character);
  return Array.from(text)
    .filter(isAllowed)
    .join('')
    .replace(/[&<>]/g, (c) => entities[c]!);
}

/**
 * A drawing as a PDF file (ISO 32000-1) of one page: shapes stay shapes, letters stay letters in Helvetica, which every reader has.
 * Written here rather than with a library: what a figure needs are a dozen operators, and it is made of the same marks as the SVG
 * (../drawing/recorder.ts). This is 5 kB of the panel's script of 660; jsPDF 4.2 would be 421 kB of it, loaded with every panel, and
 * pdf-lib 1.17, of 2021, 531 kB. Texts with letters that Helvetica lacks are drawn as pictures: a font for them would be megabytes.
 */
import type { Size } from '../../extension/image/geometry';
import type { Mark, PathStep, Rgb, TextMark } from '../drawing/recorder';
import { helveticaWidth, winAnsi } from './helvetica';
import type { Pixels } from './pixels';

type ImageMark = Extract<Mark, { kind: 'image' }>;
/** A picture at its place, upright. */
type Placed = Pick<ImageMark, 'x' | 'y' | 'width' | 'height'> & { pixels: Pixels };

interface Pictures {
  image(mark: ImageMark): Pixels;
  /** A text drawn as a picture. */
  text(mark: TextMark): Placed;
}

/** CSS pixels are 1/96 inch, PDF's points 1/72. */
const POINTS = 0.75;

export async function pdfFile(
  { width, height }: Size,
  marks: readonly Mark[],
  pictures: Pictures,
): Promise<Uint8Array> {
  const page = new Page();
  for (const mark of marks) page.add(mark, pictures);
  const turned = `${POINTS} 0 0 ${-POINTS} 0 ${num(height * POINTS)} cm\n`;
  const content = await deflate(latin1(turned + page.operators.join('\n')));
  const file = new PdfObjects();
  const images: string[] = [];
  for (const [i, pixels] of page.images.entries()) images.push(`/I${i} ${await addImage(file, pixels)} 0 R`);
  const states = page.opacities.map((opacity, i) => `/G${i} << /ca ${num(opacity)} /CA ${num(opacity)} >>`);
  const font = (name: string) => `<< /Type /Font /Subtype /Type1 /BaseFont /${name} /Encoding /WinAnsiEncoding >>`;
  const resources = `<< /Font << /F0 ${font('Helvetica')} /F1 ${font('Helvetica-Bold')} >> /XObject << ${images.join(' ')} >> /ExtGState << ${states.join(' ')} >> >>`;
  const stream = file.addStream('/Filter /FlateDecode', content);
  const pages = file.next + 1;
  const box = `[0 0 ${num(width * POINTS)} ${num(height * POINTS)}]`;
  const only = file.add(
    `<< /Type /Page /Parent ${pages} 0 R /MediaBox ${box} /Resources ${resources} /Contents ${stream} 0 R >>`,
  );
  file.add(`<< /Type /Pages /Kids [${only} 0 R] /Count 1 >>`);
  return file.bytes(file.add(`<< /Type /Catalog /Pages ${pages} 0 R >>`));
}

/** The page's operators, and what they refer to. */
class Page {
  readonly operators: string[] = [];
  readonly images: Pixels[] = [];
  readonly opacities: number[] = [];

  add(mark: Mark, pictures: Pictures): void {
    switch (mark.kind) {
      case 'fill':
        this.push(mark.opacity, `${rgb(mark.color)} rg`, path(mark.path), mark.rule === 'evenodd' ? 'f*' : 'f');
        break;
      case 'stroke':
        this.push(mark.opacity, `${rgb(mark.color)} RG ${num(mark.width)} w`, path(mark.path), 'S');
        break;
      case 'image':
        this.picture({ ...mark, pixels: pictures.image(mark) }, mark.opacity);
        break;
      case 'text':
        this.text(mark, pictures);
    }
  }

  private text(mark: TextMark, pictures: Pictures): void {
    const bytes = winAnsi(mark.text);
    if (bytes === null) {
      // its outline is the shadow of the same text
      if (mark.outline === null) this.picture(pictures.text(mark), mark.opacity);
      return;
    }
    const natural = helveticaWidth(mark.text, mark.size, mark.weight);
    const width = mark.width ?? natural;
    const left = mark.align === 'center' ? mark.x - width / 2 : mark.align === 'right' ? mark.x - width : mark.x;
    const hex = bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('');
    const ink =
      mark.outline === null ? `${rgb(mark.color)} rg 0 Tr` : `${rgb(mark.color)} RG ${num(mark.outline)} w 1 j 1 Tr`;
    const squeezed = natural > 0 ? num((100 * width) / natural) : '100';
    this.push(
      mark.opacity,
      `BT /F${mark.weight >= 600 ? 1 : 0} ${num(mark.size)} Tf ${ink} ${squeezed} Tz`,
      // letters stand upright on a page whose y goes down
      `1 0 0 -1 ${num(left)} ${num(mark.y)} Tm <${hex}> Tj ET`,
    );
  }

  private picture({ x, y, width, height, pixels }: Placed, opacity: number): void {
    const i = this.images.push(pixels) - 1;
    this.push(opacity, `${num(width)} 0 0 ${num(-height)} ${num(x)} ${num(y + height)} cm /I${i} Do`);
  }

  private push(opacity: number, ...operators: string[]): void {
    const known = this.opacities.indexOf(opacity);
    const state = known >= 0 ? known : this.opacities.push(opacity) - 1;
    this.operators.push(`q /G${state} gs`, ...operators, 'Q');
  }
}

/** Half a circle is two Bézier curves within 0.03 % of it. */
const CIRCLE = 0.5522847;

function path(steps: readonly PathStep[]): string {
  return steps
    .map((step) => {
      switch (step.kind) {
        case 'close':
          return 'h';
        case 'circle': {
          const { x, y, radius: r } = step;
          const c = r * CIRCLE;
          const curve = (...points: number[]) => `${points.map(num).join(' ')} c`;
          return [
            `${num(x + r)} ${num(y)} m`,
            curve(x + r, y + c, x + c, y + r, x, y + r),
            curve(x - c, y + r, x - r, y + c, x - r, y),
            curve(x - r, y - c, x - c, y - r, x, y - r),
            curve(x + c, y - r, x + r, y - c, x + r, y),
            'h',
          ].join(' ');
        }
        default:
          return `${num(step.x)} ${num(step.y)} ${step.kind === 'move' ? 'm' : 'l'}`;
      }
    })
    .join(' ');
}

/** Colours, and transparency where there is any. Gives the number of its object. */
async function addImage(file: PdfObjects, { width, height, data }: Pixels): Promise<number> {
  const count = width * height;
  const colors = new Uint8Array(3 * count);
  const alpha = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < 3; c++) colors[3 * i + c] = data[4 * i + c]!;
    alpha[i] = data[4 * i + 3]!;
  }
  const about = (space: string) =>
    `/Type /XObject /Subtype /Image /Width ${width} /Height ${height} /ColorSpace /${space} /BitsPerComponent 8 /Filter /FlateDecode`;
  const mask = alpha.some((a) => a < 255)
    ? ` /SMask ${file.addStream(about('DeviceGray'), await deflate(alpha))} 0 R`
    : '';
  return file.addStream(about('DeviceRGB') + mask, await deflate(colors));
}

/** Objects 1, 2, ... and the table of where each begins. */
class PdfObjects {
  // bytes above 127 in the second line say that the file is binary
  private readonly parts: Uint8Array[] = [latin1('%PDF-1.4\n%\xe2\xe3\xcf\xd3\n')];
  private readonly starts: number[] = [];

  /** The number that the next object gets. */
  get next(): number {
    return this.starts.length + 1;
  }

  add(...body: (string | Uint8Array)[]): number {
    const number = this.next;
    this.starts.push(this.length);
    for (const part of [`${number} 0 obj\n`, ...body, '\nendobj\n'])
      this.parts.push(typeof part === 'string' ? latin1(part) : part);
    return number;
  }

  addStream(dictionary: string, bytes: Uint8Array): number {
    return this.add(`<< ${dictionary} /Length ${bytes.length} >>\nstream\n`, bytes, '\nendstream');
  }

  bytes(root: number): Uint8Array {
    const table = this.starts.map((start) => `${String(start).padStart(10, '0')} 00000 n \n`);
    const end = `xref\n0 ${this.next}\n0000000000 65535 f \n${table.join('')}trailer\n<< /Size ${this.next} /Root ${root} 0 R >>\nstartxref\n${this.length}\n%%EOF\n`;
    const all = [...this.parts, latin1(end)];
    const file = new Uint8Array(all.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of all) {
      file.set(part, at);
      at += part.length;
    }
    return file;
  }

  private get length(): number {
    return this.parts.reduce((sum, part) => sum + part.length, 0);
  }
}

const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

/** zlib's format, which is what FlateDecode reads. */
async function deflate(bytes: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([new Uint8Array(bytes)]).stream().pipeThrough(new CompressionStream('deflate'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

const num = (x: number): string => String(Number(x.toFixed(4)));
const rgb = (color: Rgb): string => color.map((part) => num(part / 255)).join(' ');

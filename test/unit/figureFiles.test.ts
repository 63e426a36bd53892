/** Figures as vector files: what is drawn becomes marks, and marks an SVG or a PDF. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inflateSync } from 'node:zlib';
import { drawScene } from '../../webview/drawing/pictureDrawing';
import { Recorder, type Mark } from '../../webview/drawing/recorder';
import { paper } from '../../webview/export/figure';
import { helveticaWidth, winAnsi } from '../../webview/export/helvetica';
import { pdfFile } from '../../webview/export/pdf';
import { svgFile } from '../../webview/export/svg';

const source = { width: 2, height: 1 } as unknown as ImageBitmap;

/** A picture of 200 x 100 of which the model saw the square in the middle, in 2 x 2 patches. */
function marks(): readonly Mark[] {
  const pen = new Recorder(helveticaWidth);
  drawScene(
    pen,
    {
      picture: { source, width: 200, height: 100 },
      viewport: { scale: 1, x: 0, y: 0 },
      geometry: {
        ...{ imageWidth: 200, imageHeight: 100, inputWidth: 32, inputHeight: 32 },
        region: { left: 50, top: 0, right: 150, bottom: 100 },
      },
      layout: { rows: 2, columns: 2, prefixNames: ['class'], splits: null, inputWidth: 32, inputHeight: 32 },
      overlay: { source, opacity: 0.5, smooth: false },
      grid: true,
      numbers: 'middle',
      hidden: [3],
      query: 0,
      hover: null,
    },
    paper,
  );
  pen.globalAlpha = 1;
  pen.font = '20px sans-serif';
  pen.fillText('a < b & c', 0, 90, 40);
  return pen.marks;
}

test('a drawing is written down as marks with their own style', () => {
  const all = marks();
  const images = all.filter((mark) => mark.kind === 'image');
  assert.deepEqual(
    images.map(({ x, y, width, height, opacity, smooth }) => [x, y, width, height, opacity, smooth]),
    [
      [0, 0, 200, 100, 1, true],
      [50, 0, 100, 100, 0.5, false],
    ],
  );
  const dimmed = all.find((mark) => mark.kind === 'fill')!;
  assert.deepEqual([dimmed.rule, dimmed.opacity, dimmed.color], ['evenodd', 0.65, [255, 255, 255]]);
  const texts = all.filter((mark) => mark.kind === 'text');
  // each number with its outline, the caption without
  assert.deepEqual(
    texts.map(({ text, outline }) => [text, outline !== null]),
    [...['1', '2', '3', '4'].flatMap((text) => [[text, true] as const, [text, false] as const]), ['a < b & c', false]],
  );
  assert.deepEqual([texts[1]!.x, texts[1]!.align, texts[1]!.weight, texts[3]!.weight], [75, 'center', 700, 500]);
  assert.equal(texts.at(-1)!.width, 40, 'pressed into its room');
});

test('an SVG has them as elements; text from files stays text', () => {
  const svg = new TextDecoder().decode(
    new TextEncoder().encode(svgFile({ width: 200, height: 100 }, marks(), () => 'data:image/png;base64,AAAA')),
  );
  assert.match(svg, /^<\?xml version="1\.0" encoding="UTF-8"\?>\n<svg [^>]*viewBox="0 0 200 100"/);
  assert.match(
    svg,
    /<image x="50" y="0" width="100" height="100" opacity="0\.5"[^>]*href="data:image\/png;base64,AAAA"/,
  );
  assert.match(svg, /textLength="40"[^>]*>a &lt; b &amp; c<\/text>/);
  assert.match(
    svg,
    /<path d="M0 0L200 0L200 100L0 100ZM50 0L150 0L150 100L50 100Z" fill="#ffffff" fill-opacity="0\.65" fill-rule="evenodd"\/>/,
  );
  // numbers, grid and frames: none of them a picture
  assert.equal(svg.match(/<image /g)!.length, 2);
  assert.doesNotMatch(svg, /NaN|undefined/);
});

test('a PDF has one page with letters, shapes and pictures, and a table that finds its objects', async () => {
  const pixels = { width: 2, height: 1, data: Uint8ClampedArray.from([255, 0, 0, 255, 0, 255, 0, 0]) };
  const written: string[] = [];
  const file = await pdfFile(
    { width: 200, height: 100 },
    [...marks(), { ...(marks().at(-1) as Extract<Mark, { kind: 'text' }>), text: '补丁' }],
    {
      image: () => pixels,
      text: ({ text, x, y }) => {
        written.push(text);
        return { x, y, width: 40, height: 20, pixels };
      },
    },
  );
  const text = Buffer.from(file).toString('latin1');
  assert.match(text, /^%PDF-1\.4\n/);
  assert.match(text, /\/MediaBox \[0 0 150 75\]/);
  const [, at] = /startxref\n(\d+)\n%%EOF\n$/.exec(text)!;
  assert.equal(text.slice(Number(at), Number(at) + 4), 'xref');
  const starts = [...text.slice(Number(at)).matchAll(/^(\d{10}) 00000 n $/gm)].map(([, start]) => Number(start));
  const ends = [...starts.slice(1), Number(at)];
  starts.forEach((start, i) => {
    const object = text.slice(start, ends[i]);
    assert.ok(object.startsWith(`${i + 1} 0 obj\n<<`), `object ${i + 1}`);
    assert.ok(object.endsWith('\nendobj\n'), `the end of object ${i + 1}`);
  });
  const streams = [...text.matchAll(/<< ([^\n]*)\/Length (\d+) >>\nstream\n/g)].map((match) => {
    const begin = match.index + match[0].length;
    const length = Number(match[2]);
    assert.equal(text.slice(begin + length, begin + length + 10), '\nendstream');
    return { about: match[1]!, bytes: inflateSync(file.subarray(begin, begin + length)) };
  });
  const images = streams.filter(({ about }) => about.includes('/DeviceRGB'));
  assert.equal(images.length, 3, 'picture, map, and the text that Helvetica cannot show');
  assert.deepEqual([...images[0]!.bytes], [255, 0, 0, 0, 255, 0]);
  assert.deepEqual([...streams.find(({ about }) => about.includes('/DeviceGray'))!.bytes], [255, 0]);
  assert.deepEqual(written, ['补丁']);
  const content = streams.at(-1)!.bytes.toString('latin1');
  assert.match(content, /^0\.75 0 0 -0\.75 0 75 cm\n/);
  assert.match(content, /BT \/F0 20 Tf 0 0 0 rg 0 Tr [\d.]+ Tz\n1 0 0 -1 0 90 Tm <61203c206220262063> Tj ET/);
  assert.match(content, /0 0 m 200 0 l 200 100 l 0 100 l h 50 0 m 150 0 l 150 100 l 50 100 l h\nf\*/);
  assert.doesNotMatch(content, /NaN|undefined|e-/);
});

test("Helvetica's widths are Adobe's, and letters beyond its table are known as such", () => {
  assert.equal(helveticaWidth('Wim', 1000, 400), 944 + 222 + 833);
  assert.equal(helveticaWidth('Wim', 10, 700), (944 + 278 + 889) / 100);
  assert.deepEqual(winAnsi('é – 1'), [0xe9, 32, 0x96, 32, 49]);
  assert.equal(winAnsi('补丁'), null);
});

test('a colour that no figure has is refused by its name', () => {
  const pen = new Recorder(helveticaWidth);
  pen.fillStyle = 'tomato';
  assert.throws(() => pen.fillRect(0, 0, 1, 1), { message: '"tomato" is not a colour of these drawings' });
});

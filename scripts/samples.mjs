// Renders the sample pictures from their drawings: node scripts/samples.mjs
// samples/ is what `npm start` opens: it holds the formats, shapes and orientations that people's pictures come in.
import { mkdirSync } from 'node:fs';
import { fromRoot, isMain, main, say } from './lib/run.mjs';

const drawing = (name) => fromRoot('scripts/samples', `${name}.svg`);

/** One picture a row: the drawing, the file, and what is done to it on the way. */
const pictures = [
  { from: 'aeroplane', to: 'aeroplane.png' },
  { from: 'ship', to: 'ship.png' },
  { from: 'car', to: 'car.png' },
  { from: 'cat', to: 'cat.webp', how: (image) => image.webp({ quality: 90 }) },
  { from: 'frog', to: 'frog.png' },
  { from: 'harbour', to: 'harbour.jpg', how: (image) => image.jpeg({ quality: 86, chromaSubsampling: '4:2:0' }) },
  // stored lying on its side as a phone's camera does: EXIF orientation 6, turn clockwise to look at it
  {
    from: 'horse',
    to: 'horse-portrait.jpg',
    how: (image) => image.rotate(270).jpeg({ quality: 88 }).withMetadata({ orientation: 6 }),
  },
  // one channel, 60 rows by 100 columns: the shape of the picture in "Vision Transformers, Explained"
  { from: 'mountain-dusk', to: 'mountain-dusk.png', how: (image) => image.greyscale().toColourspace('b-w') },
];

async function render() {
  const { default: sharp } = await import('sharp');
  mkdirSync(fromRoot('samples'), { recursive: true });
  for (const { from, to, how = (image) => image } of pictures) {
    const picture = sharp(drawing(from)).flatten({ background: '#fff' });
    const { width, height, channels, size } = await how(picture).toFile(fromRoot('samples', to));
    say(`samples/${to}: ${width} x ${height}, ${channels} channels, ${Math.round(size / 1024)} KB`);
  }
}

if (isMain(import.meta)) void main(render);

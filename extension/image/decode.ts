/**
 * Picture files to 8-bit pixels, with sharp; runs in decoder processes only (engine/decoder).
 *
 * Pixels are what Pillow's convert('RGB') gives, upright as browsers and VS Code show it (EXIF orientation; one of a TIFF that means nothing: tiff.ts): RGB as stored
 * (profiles are not applied), alpha dropped and not blended, palettes looked up, the high byte of 16 bits, the first frame.
 * Differing from Pillow on purpose: CMYK goes through its profile (or a standard one), 16-bit grey is scaled instead of
 * clipped, and SVG, which Pillow cannot read, is drawn on white. The preview keeps alpha and applies profiles.
 */
import path from 'node:path';
import type { Metadata, OutputInfo, Sharp, SharpOptions } from 'sharp';
import { cancelled, EngineError } from '../errors/engineError';
import { whyUnreadable } from '../errors/fileRefusal';
import { readDatedFile } from '../files/regularFile';
import { decodeBmp, isBmp } from './bmp';
import { isLfsPointer, LFS_REASON } from '../files/lfsPointer';
import { isNpy } from '../files/npy';
import { opaqueGif, withoutAlpha, type OpaqueGif } from './gif';
import { decodeNpyPicture } from './npyPicture';
import type { ImageSource, OpenedImage } from './opened';
import { assertPixels, mostPixels } from './pixelLimit';
import type { Pixels } from './preprocess';
import { readableTiff } from './tiff';
import { plainText } from '../errors/plainText';
import { sentence, type Sentence } from '../errors/sentence';
import { FileFault } from '../errors/fileFault';

export interface DecodedImage extends Pixels, Omit<OpenedImage, 'imageId'> {}

type SharpModule = (typeof import('sharp'))['default'];

/** What decoding may use. */
interface DecodeLimits {
  /** Called with what the header says, before anything is decoded. */
  sized?: (pixels: number) => void;
  /** Bytes; a picture whose pixels are more than half of them is refused by its header. */
  memory?: number;
}

const MAX_FILE_BYTES = 2 ** 30;
const PREVIEW_SIDE = 2048;
/** Previews up to this many pixels are lossless, so that small pictures can be looked at pixel by pixel. */
const LOSSLESS_PIXELS = 256 * 256;

const formats: Partial<Record<Metadata['format'], string>> = {
  jpeg: 'jpeg',
  png: 'png',
  webp: 'webp',
  gif: 'gif',
  tiff: 'tiff',
  heif: 'avif',
  svg: 'svg',
};

/** A picture's pixels, and its preview when it is asked for. */
export interface DecodedPixels extends Omit<DecodedImage, 'preview'> {
  /** When its file was last changed, in milliseconds since 1970; null of bytes. */
  modified: number | null;
  makePreview: () => Promise<DecodedImage['preview']>;
}

/** The whole picture. Rejects with ERR_IMAGE and one sentence that names the picture, or with ERR_CANCELLED. */
export async function decodeImage(source: ImageSource, signal: AbortSignal): Promise<DecodedImage> {
  const { makePreview, modified: _modified, ...decoded } = await decodePixels(source, signal);
  return { ...decoded, preview: await makePreview() };
}

/** Rejects, as its makePreview does, with ERR_IMAGE and one sentence that names the picture, or with ERR_CANCELLED. */
export async function decodePixels(
  source: ImageSource,
  signal: AbortSignal,
  { sized = () => undefined, memory }: DecodeLimits = {},
): Promise<DecodedPixels> {
  const started = performance.now();
  const name = 'path' in source ? source.path : source.name;
  const { bytes, modified } =
    'path' in source ? await readPicture(source.path) : { bytes: source.bytes, modified: null };
  if (signal.aborted) throw cancelled();
  if (bytes.length === 0) throw imageError(name, sentence('is empty'));
  if (isLfsPointer(bytes)) throw imageError(name, LFS_REASON);
  const sharp = await loadSharp();
  const named = async <T>(work: () => T | Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (error instanceof EngineError) throw error;
      throw imageError(name, reasonOf(error));
    }
  };
  const { previewOf, ...decoded } = await named(() =>
    isNpy(bytes) || isBmp(bytes)
      ? decodeOurselves(sharp, bytes, mostPixels(memory))
      : decodeWithSharp(sharp, bytes, sized, mostPixels(memory)),
  );
  const decodeMs = performance.now() - started;
  if (signal.aborted) throw cancelled();
  return {
    ...decoded,
    name: plainText(path.basename(name)),
    bytes: bytes.length,
    modified,
    decodeMs,
    // after the pixels, not beside them: two full decodes of a large picture would be in memory
    makePreview: () =>
      source.preview === false
        ? Promise.resolve(noPreview)
        : named(() => makePreview(previewOf, decoded.width, decoded.height)),
  };
}

/** What is known without the file's name, and the pipeline its preview is made with. */
type Decoded = Omit<DecodedImage, 'name' | 'bytes' | 'decodeMs' | 'preview'> & { previewOf: Sharp };

const noPreview: OpenedImage['preview'] = { mime: 'image/png', bytes: new Uint8Array(), width: 0, height: 0 };

const imageError = (name: string, reason: Sentence) => new EngineError('ERR_IMAGE', sentence('{0} {1}.', name, reason));

async function readPicture(file: string): Promise<{ bytes: Uint8Array; modified: number }> {
  try {
    return await readDatedFile(file, MAX_FILE_BYTES);
  } catch (error) {
    throw new EngineError('ERR_IMAGE', whyUnreadable(file, error));
  }
}

export async function loadSharp(): Promise<SharpModule> {
  try {
    const { default: sharp } = await import('sharp');
    // pictures are opened once; a cache of their operations would only hold memory
    sharp.cache(false);
    return sharp;
  } catch (error) {
    const reason = error instanceof Error ? error.message.trim().split('\n', 1)[0] : String(error);
    throw new EngineError(
      'ERR_ENGINE_START',
      sentence('The picture decoder (sharp) cannot be loaded on this machine: {0}', reason ?? ''),
    );
  }
}

async function decodeWithSharp(
  sharp: SharpModule,
  file: Uint8Array,
  sized: (pixels: number) => void,
  most: number,
): Promise<Decoded> {
  const bytes = readableTiff(file);
  const common: SharpOptions = { limitInputPixels: most, failOn: 'error', page: 0, autoOrient: true };
  const metadata = await sharp(bytes, { ...common, limitInputPixels: false }).metadata();
  const format = formats[metadata.format];
  if (!format) throw new FileFault(sentence('is a {0} file, which is not supported', metadata.format));
  if (metadata.format === 'heif' && metadata.compression !== 'av1') {
    throw new FileFault(sentence('is a HEIC picture, which is not supported: save it as JPEG or PNG'));
  }
  const { width, height } = metadata.autoOrient;
  assertPixels(width, height, most);
  sized(width * height);
  const cmyk = metadata.space === 'cmyk';
  const gif = opaqueGif(bytes);
  const stored = sharp(gif?.bytes ?? bytes, { ...common, ignoreIcc: !cmyk });
  const opaque = format === 'svg' ? stored.flatten({ background: 'white' }) : stored.removeAlpha();
  const { data, info } = gif ? await gifPixels(stored, gif) : await rawPixels(opaque, metadata.space);
  const channels = info.channels === 1 ? 1 : 3;
  return {
    format,
    space: metadata.space,
    orientation: upright(metadata.orientation),
    width: info.width,
    height: info.height,
    channels,
    pixels: data,
    // without profile and alpha the preview is made of what is decoded already
    previewOf:
      metadata.hasProfile || metadata.hasAlpha || cmyk
        ? sharp(bytes, common)
        : ofPixels(sharp, { pixels: data, width: info.width, height: info.height, channels }),
  };
}

async function gifPixels(stored: Sharp, { around }: OpaqueGif): Promise<{ data: Uint8Array; info: OutputInfo }> {
  const raw = stored.toColourspace('srgb').ensureAlpha().raw();
  const { data, info } = await raw.toBuffer({ resolveWithObject: true });
  return { data: withoutAlpha(data, around), info: { ...info, channels: 3 } };
}

/** 8-bit grey or RGB. libvips takes the high byte of 16-bit RGB, but rounds 16-bit grey through a colour conversion. */
async function rawPixels(picture: Sharp, space: Metadata['space']): Promise<{ data: Uint8Array; info: OutputInfo }> {
  const grey = space === 'b-w' || space === 'grey16';
  const wide = space === 'grey16';
  const raw = picture.toColourspace(wide ? 'grey16' : grey ? 'b-w' : 'srgb').raw({ depth: wide ? 'ushort' : 'uchar' });
  const { data, info } = await raw.toBuffer({ resolveWithObject: true });
  if (!wide) return { data, info };
  const values = new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2);
  return { data: Uint8Array.from(values, (value) => value >> 8), info };
}

function decodeOurselves(sharp: SharpModule, bytes: Uint8Array, most: number): Decoded {
  const npy = isNpy(bytes);
  const picture: Pixels = npy ? decodeNpyPicture(bytes, most) : { ...decodeBmp(bytes, most), channels: 3 };
  return {
    ...picture,
    format: npy ? 'npy' : 'bmp',
    space: picture.channels === 1 ? 'b-w' : 'srgb',
    orientation: 1,
    previewOf: ofPixels(sharp, picture),
  };
}

/** EXIF's 1 to 8; anything else means nothing, as where there is none. */
const upright = (orientation = 1): number => (orientation >= 1 && orientation <= 8 ? orientation : 1);

const ofPixels = (sharp: SharpModule, { pixels, width, height, channels }: Pixels): Sharp =>
  sharp(pixels, { raw: { width, height, channels } });

/** Lossless when small, else JPEG, else (with alpha) WebP, which takes several times as long to write. */
async function makePreview(picture: Sharp, width: number, height: number): Promise<OpenedImage['preview']> {
  const fitted = picture.resize({ width: PREVIEW_SIDE, height: PREVIEW_SIDE, fit: 'inside', withoutEnlargement: true });
  const { hasAlpha } = await picture.metadata();
  const [mime, encoded] =
    width * height <= LOSSLESS_PIXELS
      ? ['image/png', fitted.png()]
      : hasAlpha
        ? ['image/webp', fitted.webp({ quality: 88, effort: 1 })]
        : ['image/jpeg', fitted.jpeg({ quality: 92, chromaSubsampling: '4:4:4' })];
  const { data, info } = await encoded.toBuffer({ resolveWithObject: true });
  // a plain array: a Buffer would stay one on the other side, and turn into JSON where it is passed on
  return { mime, bytes: new Uint8Array(data), width: info.width, height: info.height };
}

/** What our own decoders and libvips say, as the rest of a sentence that begins with the file's name. */
function reasonOf(error: unknown): Sentence {
  if (error instanceof FileFault) return error;
  const line = (error instanceof Error ? error.message : String(error)).split('\n', 1)[0]?.trim() ?? '';
  const reason = line.replace(/[.:]\s*$/, '');
  if (/unsupported image format/i.test(line)) {
    return sentence('is not a picture: its contents are none of PNG, JPEG, WebP, GIF, TIFF, AVIF, SVG and BMP');
  }
  if (/svgload.*bad dimensions/i.test(line)) {
    return sentence('is an SVG without a size: it has no width and height or viewBox, and draws nothing');
  }
  if (
    /premature end|truncated|unexpected end|end of stream|not enough data|read error|corrupt header|out of order read/i.test(
      line,
    )
  ) {
    return sentence(
      'is truncated or damaged ({0})',
      reason.replace(/^Input (?:buffer|file) has corrupt header(?:: (.))?/, (_, more?: string) => more ?? 'its header'),
    );
  }
  if (/exceeds pixel limit/i.test(line)) {
    return sentence('has too many pixels');
  }
  return sentence('cannot be decoded ({0})', reason);
}

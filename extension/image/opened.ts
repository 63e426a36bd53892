/** A picture as it is asked for and as it comes back opened: what the engine process and its clients share. */

/** A picture by path, or by its bytes (virtual workspaces have no path). `name` is what messages call it. */
export type ImageSource = ({ path: string } | { name: string; bytes: Uint8Array }) & {
  /** false: make none (OpenedImage.preview is then empty), for those who only want numbers. */
  preview?: boolean;
};

export interface OpenedImage {
  imageId: number;
  name: string;
  /** jpeg, png, webp, gif, bmp, tiff, avif, svg, npy */
  format: string;
  /** Oriented size in pixels. */
  width: number;
  height: number;
  /** Colour space and orientation as found, for the details view: 'srgb', 'cmyk', 'b-w', ... */
  space: string;
  orientation: number;
  bytes: number;
  /** For display: the oriented picture as PNG, JPEG or WebP, at most 2048 pixels on its longer side. */
  preview: { mime: string; bytes: Uint8Array; width: number; height: number };
  decodeMs: number;
}

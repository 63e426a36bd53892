/** Files the commands are offered on: what the engine decodes. package.json's `when` clauses and its editor of pictures
 * say the same. */
export const IMAGE_EXTENSIONS = ['png', 'jpg', 'jpeg', 'webp', 'gif', 'bmp', 'tif', 'tiff', 'avif', 'svg'];

export function isImagePath(path: string): boolean {
  const extension = /\.([a-z]+)$/i.exec(path)?.[1];
  return extension !== undefined && IMAGE_EXTENSIONS.includes(extension.toLowerCase());
}

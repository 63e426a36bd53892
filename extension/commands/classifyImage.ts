import type { Command } from './command';
import { classifyPictures } from './classifyFolder';
import { chosenImages } from './images';

/** Shows a picture in its panel; several as one table, from which each opens its panel. */
export const classifyImage: Command = async (parts, clicked, selected) => {
  const images = await chosenImages(clicked, selected);
  if (images.length > 1) await classifyPictures(parts, images);
  else for (const uri of images) parts.panels.open(uri);
};

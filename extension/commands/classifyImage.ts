import type { Command } from './command';
import { chosenImages } from './images';
import { showSummary } from './summary';

/** More pictures than this share one summary; each opens its panel from there. */
const MAX_PANELS = 4;

/** Classifies pictures: a panel for each, and for several a summary of all. */
export const classifyImage: Command = async (parts, clicked, selected) => {
  const images = await chosenImages(clicked, selected);
  const panels = images.slice(0, MAX_PANELS).map((uri) => parts.panels.open(uri));
  if (images.length > 1) await showSummary(parts, images, panels);
};

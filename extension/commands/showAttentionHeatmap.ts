import type { Command } from './command';
import { chosenImages } from './images';

/** The first picture's panel, with the heatmap in front. */
export const showAttentionHeatmap: Command = async ({ panels }, clicked, selected) => {
  const [image] = await chosenImages(clicked, selected, panels.recent);
  if (image) panels.open(image, { view: 'attention' });
};

/** What agents are told of each tool, in English as they expect it. `languageModelTools` of package.json repeats the descriptions. */
import type { ToolName } from './inputs';

export const toolTexts: Record<ToolName, { title: string; description: string }> = {
  classify_image: {
    title: 'Classify an image',
    description:
      "The most probable classes of a picture file under a Vision Transformer on this machine, with their probabilities, and whether the picture is unlike the model's training data.",
  },
  explain_image: {
    title: 'Explain an image',
    description:
      'Which patches of a picture speak for a class, by a method such as relevance, rollout or grad-cam: the map over the picture as a PNG, the class and its logit, and the strongest patches. A map is a hint, no proof of cause.',
  },
  inspect_checkpoint: {
    title: 'Inspect a checkpoint',
    description:
      'What a Vision Transformer checkpoint is: whether it can be run and why not, its family, architecture, weights by kind with their statistics, shapes of every step.',
  },
  summarise_results: {
    title: 'Summarise a results file',
    description:
      'Figures of a .vitresults.jsonl file of many classified pictures: counts, accuracy and calibration where there are labels, the most confused classes, the least certain pictures.',
  },
};
